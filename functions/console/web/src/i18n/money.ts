// Amounts as people write them in their region: `1.234,50` in German, `1,234.50` in English. Between lies the amount in minor units.
import { minorUnits } from "./format";

function separators(region: string): { decimal: string; group: string } {
    const parts = new Intl.NumberFormat(region, { useGrouping: true }).formatToParts(12345.6);
    const of = (type: string) => parts.find((part) => part.type === type)?.value ?? "";
    return { decimal: of("decimal") || ".", group: of("group") || "," };
}

/** As it stands in a field: without the currency, and without cents where there are none. */
export function showMoney(minor: number, region: string, currency: string): string {
    const unit = minorUnits(currency);
    const digits = minor % unit === 0 ? 0 : Math.round(Math.log10(unit));
    return new Intl.NumberFormat(region, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(minor / unit);
}

/** In minor units; null where it cannot be told what is meant, such as `1,23,4` or a fraction of a cent. */
export function readMoney(text: string, region: string, currency: string): number | null {
    const { decimal, group } = separators(region);
    const written = text.replaceAll(/[\s\u00a0\u202f'’€$£¥]/g, "").replace(new RegExp(`^${currency}|${currency}$`, "i"), "");
    if (!/^\d[\d.,]*$/.test(written)) return null;
    const digits = Math.round(Math.log10(minorUnits(currency)));
    // A group has three digits: what stands before fewer or more of them, once, is meant as the decimal sign of another region.
    const at = written.includes(decimal) ? written.lastIndexOf(decimal) : lonely(written, group) ? written.indexOf(group) : written.length;
    const [whole, part] = [written.slice(0, at), written.slice(at + 1)];
    const grouped = whole.split(group);
    if (!grouped.every((digits, index) => (index === 0 ? grouped.length === 1 || digits.length <= 3 : digits.length === 3) && /^\d+$/.test(digits))) return null;
    if (!/^\d*$/.test(part) || part.length > digits) return null;
    return Number(grouped.join("") + part.padEnd(digits, "0"));
}

const lonely = (text: string, sign: string) => text.split(sign).length === 2 && text.length - 1 - text.indexOf(sign) !== 3;
