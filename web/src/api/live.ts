// The console's stream of hints: it says that something changed, never what. Pages then ask the ordinary lists, where role and
// scope apply.
import { useEffect, useRef, useSyncExternalStore } from "react";

export type Topic = "alerts" | "assets" | "findings" | "agents" | "registries" | "rules" | "settings";
export type LiveState = "off" | "waiting" | "live";

const listeners = new Map<Topic, Set<() => void>>();
const watchers = new Set<() => void>();
let source: EventSource | null = null;
let state: LiveState = "off";

function become(next: LiveState) {
	state = next;
	for (const tell of watchers) tell();
}

function tellTopic(topic: Topic) {
	for (const tell of listeners.get(topic) ?? []) tell();
}

/** @param lost hints may have been missed since the last stream */
export function startLive(lost = false) {
	if (source) return;
	become("waiting");
	source = new EventSource("/api/v1/events");
	source.onopen = () => {
		become("live");
		// While nobody told us anything may have changed.
		if (lost) for (const topic of listeners.keys()) tellTopic(topic);
		lost = false;
	};
	source.onerror = () => {
		lost = true;
		become("waiting");
		// A browser tries again by itself unless it was refused.
		if (source?.readyState === EventSource.CLOSED) {
			source = null;
			setTimeout(() => state !== "off" && startLive(true), 5_000);
		}
	};
	source.addEventListener("hint", (event) => {
		try {
			tellTopic(JSON.parse((event as MessageEvent<string>).data).topic);
		} catch {
			// A hint that cannot be read says nothing.
		}
	});
}

export function stopLive() {
	source?.close();
	source = null;
	become("off");
}

export function useLiveState(): LiveState {
	return useSyncExternalStore(
		(tell) => {
			watchers.add(tell);
			return () => watchers.delete(tell);
		},
		() => state,
	);
}

/** Calls back when one of the topics changed: at once, and then at most once in `gapMs`, so that a storm costs no more than a breeze. */
export function useHints(topics: readonly Topic[], fn: () => void, gapMs = 1_000) {
	const latest = useRef(fn);
	latest.current = fn;
	const key = topics.join();
	useEffect(() => {
		let timer: ReturnType<typeof setTimeout> | undefined;
		let last = 0;
		const tell = () => {
			if (timer) return;
			timer = setTimeout(
				() => {
					timer = undefined;
					last = Date.now();
					latest.current();
				},
				Math.max(0, last + gapMs - Date.now()),
			);
		};
		const wanted = key.split(",") as Topic[];
		for (const topic of wanted) {
			if (!listeners.has(topic)) listeners.set(topic, new Set());
			listeners.get(topic)!.add(tell);
		}
		return () => {
			clearTimeout(timer);
			for (const topic of wanted) listeners.get(topic)!.delete(tell);
		};
	}, [key, gapMs]);
}
