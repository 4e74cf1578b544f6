// Tables as files that spreadsheets open.

/** A cell that begins like a formula would be run by the spreadsheet; an apostrophe makes it text. Numbers stay numbers. */
function cell(value: unknown, separator: string): string {
    let text = value === null || value === undefined ? "" : String(value);
    if (typeof value !== "number" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
    return text.includes(separator) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows with a line of headings. German spreadsheets expect semicolons, since the comma is in their numbers. */
export function csv(headings: string[], rows: unknown[][], separator: ";" | ","): string {
    return [headings, ...rows].map((row) => row.map((value) => cell(value, separator)).join(separator)).join("\r\n");
}

export function download(name: string, text: string): void {
    // The mark tells spreadsheets that this is UTF-8.
    const url = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv;charset=utf-8" }));
    const link = Object.assign(document.createElement("a"), { href: url, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
