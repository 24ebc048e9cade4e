import { locale, t } from "../i18n/index.ts";

export function number(n: number): string {
	return n.toLocaleString(locale());
}

/** 12,345 as 12.3k: for tiles and badges, where the width is short. */
export function shortNumber(n: number): string {
	return n < 10_000 ? number(n) : new Intl.NumberFormat(locale(), { notation: "compact", maximumFractionDigits: 1 }).format(n);
}

/** A risk or a part of one, as the console reckons and judges it: rounded further, 19.6 "good" would be shown as the 20 where "fair" begins. */
export function points(n: number): string {
	return n.toLocaleString(locale(), { maximumFractionDigits: 1 });
}

export function bytes(n: number): string {
	const units = ["B", "KiB", "MiB", "GiB", "TiB"];
	let unit = 0;
	let value = n;
	while (value >= 1024 && unit < units.length - 1) {
		value /= 1024;
		unit++;
	}
	return `${value.toLocaleString(locale(), { maximumFractionDigits: value < 10 && unit ? 1 : 0 })} ${units[unit]}`;
}

const SIZES: [string, number][] = [
	["b", 1],
	["kb", 1e3],
	["mb", 1e6],
	["gb", 1e9],
	["tb", 1e12],
	...["k", "m", "g", "t"].flatMap((each, i): [string, number][] => [
		[each, 1024 ** (i + 1)],
		[`${each}ib`, 1024 ** (i + 1)],
	]),
];

/** A size to be changed, exactly: 1536 MiB, which readSize() takes back. */
export function sizeText(n: number): string {
	const units = ["TiB", "GiB", "MiB", "KiB"];
	const at = units.findIndex((_, i) => n > 0 && n % 1024 ** (units.length - i) === 0);
	return n === 0 ? "0" : at < 0 ? `${n} B` : `${n / 1024 ** (units.length - at)} ${units[at]}`;
}

/** A size as somebody writes it, in bytes: 500 MiB, 1.5 GB, 20g. A number needs a unit: who writes 20 hardly means bytes. */
export function readSize(text: string): number | undefined {
	const [, digits, unit] = /^\s*(\d{1,16}(?:\.\d{1,6})?)\s*([a-z]*)\s*$/i.exec(text) ?? [];
	if (digits === undefined) return undefined;
	if (Number(digits) === 0 && !unit) return 0;
	const size = SIZES.find(([name]) => name === unit!.toLowerCase());
	return size && Math.round(Number(digits) * size[1]);
}

export function percent(share: number): string {
	if (share > 0 && share < 0.001) return "<0.1%";
	return share.toLocaleString(locale(), { style: "percent", maximumFractionDigits: share < 0.1 ? 1 : 0 });
}

/** 15.3% (92nd): a probability alone is misread as small, a rank alone as large. */
export function epss(share: number, rank?: number): string {
	return rank === undefined ? percent(share) : `${percent(share)} (P${Math.floor(rank * 100)})`;
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
	["year", 31_557_600],
	["month", 2_629_800],
	["day", 86_400],
	["hour", 3_600],
	["minute", 60],
	["second", 1],
];

/** Formats cost more to make than all they are used for in a row of a table: each is made once a language. */
function once<T>(make: (locale: string) => T): () => T {
	const made = new Map<string, T>();
	return () => {
		let format = made.get(locale());
		if (!format) made.set(locale(), (format = make(locale())));
		return format;
	};
}

const RELATIVE = once((of) => new Intl.RelativeTimeFormat(of, { numeric: "always", style: "short" }));
const ZONE = once((of) => new Intl.DateTimeFormat(of, { timeZoneName: "short" }));
const MOMENT = {
	second: once((of) => new Intl.DateTimeFormat(of, { dateStyle: "medium", timeStyle: "medium" })),
	axis: once((of) => new Intl.DateTimeFormat(of, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false })),
	minute: once((of) => new Intl.DateTimeFormat(of, { dateStyle: "medium", timeStyle: "short" })),
};

export function relativeTime(time: string, now = Date.now()): string {
	const seconds = (Date.parse(time) - now) / 1000;
	if (Math.abs(seconds) < 5) return t("time.now");
	const format = RELATIVE();
	for (const [unit, length] of STEPS)
		if (Math.abs(seconds) >= length) return format.format(Math.trunc(seconds / length), unit);
	return t("time.now");
}

/** A duration in words, by its two largest units: 2 days 3 hours. What is smaller is left out. */
export function duration(seconds: number): string {
	const units = STEPS.slice(2);
	const first = units.findIndex(([, length]) => seconds >= length);
	const [[large, length], small] = first < 0 ? [units.at(-1)!] : [units[first]!, units[first + 1]];
	const tell = (n: number, unit: string) => n.toLocaleString(locale(), { style: "unit", unit, unitDisplay: "long" });
	const rest = small ? Math.floor((seconds % length) / small[1]) : 0;
	return tell(Math.floor(seconds / length), large) + (rest ? ` ${tell(rest, small![0])}` : "");
}

function zoneOf(at: Date): string {
	return ZONE().formatToParts(at).find((part) => part.type === "timeZoneName")?.value ?? "";
}

/** A moment to the second, or the minute, in the reader's zone, which it names. */
export function dateTime(time: string, to: "second" | "minute" = "second"): string {
	const at = new Date(time);
	if (Number.isNaN(at.getTime())) return time;
	return `${MOMENT[to]().format(at)} ${zoneOf(at)}`.trimEnd();
}

/** The ends of a stretch of time, as short as both can be read: the year where it is not this one, the zone once. */
export function stretch(from: string, to: string, now = new Date()): [string, string] {
	const [a, b] = [new Date(from), new Date(to)];
	if (a.getFullYear() !== now.getFullYear() || b.getFullYear() !== now.getFullYear()) return [dateTime(from, "minute"), dateTime(to, "minute")];
	return [MOMENT.axis().format(a), `${MOMENT.axis().format(b)} ${zoneOf(b)}`];
}

export function date(time: string): string {
	return new Date(time).toLocaleDateString(locale(), { dateStyle: "medium" });
}

/** The day of a moment in the reader's zone, as fields of dates have it. */
export function dayOf(time: string | Date): string {
	const at = new Date(time);
	return `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, "0")}-${String(at.getDate()).padStart(2, "0")}`;
}

/** A day from today. */
export function inDays(days: number): string {
	const now = new Date();
	return dayOf(new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, 12));
}

/** The moment such a day begins for the reader. */
export function dayBegins(day: string): string {
	return new Date(`${day}T00:00:00`).toISOString();
}

/** The last second of it. */
export function dayEnds(day: string): string {
	return new Date(`${day}T23:59:59`).toISOString();
}

/** sha256:0123456789ab…: enough to tell digests apart by eye. */
export function shortDigest(digest: string): string {
	const [kind, hex] = digest.includes(":") ? digest.split(":", 2) : ["", digest];
	return `${kind ? `${kind}:` : ""}${hex!.slice(0, 12)}`;
}

/** A text with the ids of containers and images in it shortened, as engines show them: what has no name is called by its id. */
export function shortIds(text: string): string {
	return text.replace(/\b([0-9a-f]{12})[0-9a-f]{52}\b/g, "$1");
}

/** Whether a moment has passed; one that never comes has not. */
export function isOver(at: string | null | undefined, now = Date.now()): boolean {
	return !!at && Date.parse(at) <= now;
}
