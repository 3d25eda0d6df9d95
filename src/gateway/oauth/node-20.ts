/** oidc-provider uses URL.parse, which Node has from 22.1 on (WHATWG URL, 6.1). On Node 20 it is added here, before it is loaded. */
const add = URL as unknown as { parse?: (url: string, base?: string) => URL | null };
add.parse ??= (url, base) => (URL.canParse(url, base) ? new URL(url, base) : null);
