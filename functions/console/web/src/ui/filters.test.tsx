import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { I18nContextProvider } from "ra-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { i18nProvider } from "../providers/i18n";
import { isTooShort, SearchBox } from "./filters";

describe("what is long enough to search for", () => {
    it.each([
        ["", false],
        [" ", false],
        ["k", true],
        ["kö", false],
        ["Li", false],
        ["a b", true],
        ["a bc", false],
        ["李", true],
    ])("%j is too short: %s", (text, expected) => expect(isTooShort(text)).toBe(expected));
});

describe("the search box", () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => {
        cleanup();
        vi.useRealTimers();
    });

    function show(value: string) {
        const onSearch = vi.fn();
        render(
            <I18nContextProvider value={i18nProvider}>
                <SearchBox label="Search" value={value} shortest={2} onSearch={onSearch} />
            </I18nContextProvider>,
        );
        const type = (text: string) => {
            fireEvent.change(screen.getByRole("searchbox"), { target: { value: text } });
            act(() => vi.advanceTimersByTime(300));
        };
        return { onSearch, type };
    }

    it("searches for two letters", () => {
        const { onSearch, type } = show("KÖHLER");
        type("kö");
        expect(onSearch.mock.calls).toEqual([["kö"]]);
    });

    it("leaves nothing standing that was found for other words: with one letter it searches for none, and says so", () => {
        const { onSearch, type } = show("KÖHLER");
        type("k");
        expect(onSearch.mock.calls).toEqual([[""]]);
        expect(screen.getByText("one more letter")).toBeTruthy();
        expect(screen.getByRole<HTMLInputElement>("searchbox").value).toBe("k");
        type("kr");
        expect(onSearch.mock.calls).toEqual([[""], ["kr"]]);
        expect(screen.queryByText("one more letter")).toBeNull();
    });
});
