// Asks the console's API. Every answer that is not a success becomes a Problem with the sentence the console gave.
import { currentLanguage } from "../i18n/index.ts";

export type Query = Record<string, string | number | boolean | readonly string[] | null | undefined>;

export interface Page<T> {
	items: T[];
	next: string | null;
	total?: number | null;
}

export class Problem extends Error {
	status: number;
	code: string;
	errors: { path: string; message: string }[];

	constructor(status: number, code: string, detail: string, errors: { path: string; message: string }[] = []) {
		super(detail);
		this.status = status;
		this.code = code;
		this.errors = errors;
	}
}

let csrf = "";
let onSignedOut = () => {};

export function setCsrf(value: string) {
	csrf = value;
}

export function whenSignedOut(fn: () => void) {
	onSignedOut = fn;
}

export function queryText(query: Query | undefined): string {
	const out = new URLSearchParams();
	for (const [name, value] of Object.entries(query ?? {})) {
		if (value === undefined || value === null || value === "") continue;
		if (Array.isArray(value)) for (const one of value) out.append(name, one);
		else out.set(name, String(value));
	}
	const text = out.toString();
	return text ? `?${text}` : "";
}

async function problemOf(answer: Response): Promise<Problem> {
	const body = await answer
		.text()
		.then((text) => readAnswer(text) as { code?: string; detail?: string; errors?: Problem["errors"] } | null)
		.catch(() => null);
	return new Problem(answer.status, body?.code ?? "", body?.detail ?? `${answer.status} ${answer.statusText}`, body?.errors ?? []);
}

export interface CallOptions {
	query?: Query;
	body?: unknown;
	signal?: AbortSignal;
	headers?: Record<string, string>;
}

export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
	const headers: Record<string, string> = { "Accept-Language": currentLanguage(), ...options.headers };
	if (options.body !== undefined) headers["Content-Type"] = "application/json";
	if (method !== "GET") headers["X-Skep-Csrf"] = csrf;
	let answer: Response;
	try {
		answer = await fetch(`/api/v1${path}${queryText(options.query)}`, {
			method,
			headers,
			body: options.body === undefined ? undefined : JSON.stringify(options.body),
			signal: options.signal,
		});
	} catch (cause) {
		if (options.signal?.aborted) throw cause;
		throw new Problem(0, "unreachable", "");
	}
	if (!answer.ok) {
		const problem = await problemOf(answer);
		if (answer.status === 401 && path !== "/session") onSignedOut();
		throw problem;
	}
	if (answer.status === 204 || answer.headers.get("Content-Length") === "0") return undefined as T;
	return readAnswer(await answer.text()) as T;
}

/** Characters that turn the order of those after them round: a name with one of them reads as another. They are shown by their number. */
const TURNING = /[\u202a-\u202e\u2066-\u2069]/g;
/** What an answer that has one of them, as it is or as JSON may write it, holds: hardly any does. */
const MAY_TURN = /[\u202a-\u202e\u2066-\u2069]|\\u20[26]/i;

const plain = (text: string) => text.replace(TURNING, (c) => `\\u${c.charCodeAt(0).toString(16)}`);

export function readAnswer(text: string): unknown {
	if (!MAY_TURN.test(text)) return JSON.parse(text);
	return JSON.parse(text, (_, value) => {
		if (typeof value === "string") return plain(value);
		if (typeof value !== "object" || !value || Array.isArray(value)) return value;
		// Names of members as well: those of labels are a container's own.
		return Object.fromEntries(Object.entries(value).map(([name, member]) => [plain(name), member]));
	});
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal) => call<T>("GET", path, { query, signal });
