// Texts of the pages in the reader's language. A text is plain, with {name} for what is filled in; `a|b` is one and many.
import type { en } from "./en.ts";

export type Key = keyof typeof en;
export type Catalog = Record<Key, string>;
export type Language = "en" | "zh";

let catalog: Catalog;
let language: Language = "en";

export async function loadLanguage(wanted: Language) {
	catalog = wanted === "zh" ? (await import("./zh.ts")).zh : (await import("./en.ts")).en;
	language = wanted;
}

export function currentLanguage(): Language {
	return language;
}

export function locale(): string {
	return language === "zh" ? "zh-CN" : "en-GB";
}

/** Fills a text in. With `n` among the values and two forms in the text, the one for that number is taken. */
export function fill(text: string, values?: Record<string, string | number>): string {
	if (!values) return text;
	const forms = text.split("|");
	const chosen = forms.length === 2 && typeof values.n === "number" ? forms[values.n === 1 ? 0 : 1]! : text;
	return chosen.replace(/\{(\w+)\}/g, (whole, name: string) => {
		const value = values[name];
		if (value === undefined) return whole;
		return typeof value === "number" ? value.toLocaleString(locale()) : value;
	});
}

export function t(key: Key, values?: Record<string, string | number>): string {
	return fill(catalog[key], values);
}

/** For keys put together from an enumeration's value, which a newer console may have more of than this page knows. */
export function tValue(prefix: string, value: string): string {
	return (catalog as Record<string, string>)[`${prefix}.${value}`] ?? value;
}

/** The text in the reader's language, of the two that the API gives; English where there is no other. */
export function pick(english: string | undefined, chinese: string | undefined): string {
	return (language === "zh" && chinese) || english || "";
}
