/** The nonce of this page's styles, which whoever serves the page has put into its head. The attribute itself is hidden from scripts' selectors, so the property is read. */
export function styleNonce(): string | undefined {
    return document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce || undefined;
}
