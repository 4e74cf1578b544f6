import { expect, it } from "vitest";
import { readMoney, showMoney } from "./money";

it("reads what people of a region write", () => {
    const german = (text: string) => readMoney(text, "de-DE", "EUR");
    expect(["1.234,50", "1234,5", "1234.5", "1.234", "12", "1 234,00 €", "0", "EUR 99"].map(german)).toEqual([123450, 123450, 123450, 123400, 1200, 123400, 0, 9900]);
    const english = (text: string) => readMoney(text, "en-GB", "EUR");
    expect(["1,234.50", "1234.5", "1234,5", "1,234", "1,234,567"].map(english)).toEqual([123450, 123450, 123450, 123400, 123456700]);
    expect(readMoney("1,234", "ja-JP", "JPY")).toBe(1234);
});

it("does not guess", () => {
    for (const text of ["", "zwölf", "-5", "1,2,3", "1.23.4", "12,345", "1.2345,0", "0,5 Cent"]) expect(readMoney(text, "de-DE", "EUR"), text).toBeNull();
    expect(readMoney("1.5", "ja-JP", "JPY")).toBeNull();
});

it("shows what it reads", () => {
    for (const minor of [0, 5, 100, 123450, 123456700]) for (const region of ["de-DE", "en-GB", "de-AT"]) expect(readMoney(showMoney(minor, region, "EUR"), region, "EUR"), region).toBe(minor);
    expect(showMoney(123450, "de-DE", "EUR")).toBe("1.234,50");
    expect(showMoney(123400, "de-DE", "EUR")).toBe("1.234");
});
