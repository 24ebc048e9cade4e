import { useSyncExternalStore } from "react";
import { Problem } from "../api/client.ts";
import { t } from "../i18n/index.ts";
import { IconButton } from "./controls.tsx";

interface Toast {
	id: number;
	text: string;
	tone: "good" | "critical";
}

let toasts: Toast[] = [];
let next = 1;
const watchers = new Set<() => void>();

function set(value: Toast[]) {
	toasts = value;
	for (const tell of watchers) tell();
}

export function toast(text: string, tone: Toast["tone"] = "good") {
	const id = next++;
	set([...toasts.slice(-3), { id, text, tone }]);
	setTimeout(() => dismiss(id), tone === "good" ? 4_000 : 10_000);
}

/** What to say of an error: the console's own sentence where it gave one. */
export function sentenceOf(error: unknown): string {
	if (error instanceof Problem) {
		if (error.status === 0) return t("error.unreachable");
		return [error.message, ...error.errors.map((one) => `${one.path}: ${one.message}`)].join(" ");
	}
	return error instanceof Error ? error.message : String(error);
}

export function toastError(error: unknown) {
	toast(sentenceOf(error), "critical");
}

function dismiss(id: number) {
	set(toasts.filter((one) => one.id !== id));
}

export function Toasts() {
	const shown = useSyncExternalStore(
		(tell) => {
			watchers.add(tell);
			return () => watchers.delete(tell);
		},
		() => toasts,
	);
	return (
		<div className="toasts" role="status" aria-live="polite">
			{shown.map((one) => (
				<div key={one.id} className={`toast tone-${one.tone}`}>
					<span className="grow wrap">{one.text}</span>
					<IconButton icon="close" label={t("common.dismiss")} onClick={() => dismiss(one.id)} />
				</div>
			))}
		</div>
	);
}
