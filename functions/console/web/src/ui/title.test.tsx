import { cleanup, renderHook } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { useTitle } from "./title";

afterEach(cleanup);

it("names the page, and says so when it changes", () => {
    document.title = "Lotse";
    const said = document.body.appendChild(Object.assign(document.createElement("span"), { id: "said" }));
    const { rerender } = renderHook(({ title }) => useTitle(title), { initialProps: { title: undefined as string | undefined } });
    expect(document.title).toBe("Lotse");
    rerender({ title: "Leads" });
    expect([document.title, said.textContent]).toEqual(["Leads · Lotse", ""]);
    rerender({ title: "Erika Muster" });
    expect([document.title, said.textContent]).toEqual(["Erika Muster · Lotse", "Erika Muster"]);
});
