import type { Language } from "../i18n/index.ts";

export type Theme = "light" | "dark" | "system";

function read(key: string): string | null {
	try {
		return localStorage.getItem(key);
	} catch {
		return null;
	}
}

function write(key: string, value: string | null) {
	try {
		if (value === null) localStorage.removeItem(key);
		else localStorage.setItem(key, value);
	} catch {
		// A browser that keeps nothing forgets the choice with the page.
	}
}

export function preferredLanguage(): Language {
	const kept = read("skep.language") ?? navigator.language;
	return /^zh/i.test(kept) ? "zh" : "en";
}

export function chooseLanguage(language: Language) {
	write("skep.language", language);
	location.reload();
}

export function preferredTheme(): Theme {
	const kept = read("skep.theme");
	return kept === "light" || kept === "dark" ? kept : "system";
}

export function chooseTheme(theme: Theme) {
	write("skep.theme", theme === "system" ? null : theme);
	applyTheme();
}

/** Keys that hold wherever the focus is (page_keys.ts). */
export function pageKeysOn(): boolean {
	return read("skep.keys") !== "off";
}

export function choosePageKeys(on: boolean) {
	write("skep.keys", on ? null : "off");
}

export function applyTheme() {
	const theme = preferredTheme();
	const dark = theme === "dark" || (theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
	document.documentElement.dataset.theme = dark ? "dark" : "light";
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", applyTheme);
