/** Saves a text as a file of the person's. */
export function download(name: string, text: string): void {
    // The mark tells spreadsheets that this is UTF-8; reading an answer as text has taken it away.
    const url = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv;charset=utf-8" }));
    const link = Object.assign(document.createElement("a"), { href: url, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
