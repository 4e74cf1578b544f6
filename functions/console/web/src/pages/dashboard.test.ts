import { expect, test } from "vitest";
import { mainMoney, share } from "./dashboard";

const money = (currency: string, open_minor: number, won_minor = 0) => ({ currency, open: 1, open_minor, weighted_minor: 0, won: 0, won_minor });

test("figures are of the tenant's currency, else of the one that most is in", () => {
    expect(mainMoney([money("CHF", 9), money("EUR", 1)], "EUR")?.currency).toBe("EUR");
    expect(mainMoney([money("CHF", 1), money("USD", 5)], "EUR")?.currency).toBe("USD");
    expect(mainMoney([], "EUR")).toBeUndefined();
    expect(mainMoney(null)).toBeUndefined();
});

test("a goal is reached in whole per cent", () => {
    expect(share(150, 300)).toBe(50);
    expect(share(0, 300)).toBe(0);
    expect(share(100, null)).toBeNull();
    expect(share(100, 0)).toBeNull();
});
