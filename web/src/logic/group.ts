import type { Alert, Priority } from "../api/types.ts";
import { PRIORITIES } from "./severity.ts";

export interface AlertGroup {
	key: string;
	alerts: Alert[];
	/** The most urgent of them. */
	priority: Priority;
	count: number;
	first: string;
	last: string;
	open: number;
}

/** Where an alert comes from as people say it: its pod, else its container, else its host. */
export function workloadOf(alert: Alert): string {
	if (alert.pod) return alert.namespace ? `${alert.namespace}/${alert.pod}` : alert.pod;
	return alert.containerName || alert.container?.slice(0, 12) || alert.host;
}

/** Alerts of one rule from one workload become one row. Groups stand in the order of their newest alert. */
export function groupAlerts(alerts: readonly Alert[]): AlertGroup[] {
	const groups = new Map<string, AlertGroup>();
	for (const alert of alerts) {
		const first = alert.first ?? alert.time;
		const last = alert.last ?? alert.time;
		const key = `${alert.rule}\n${workloadOf(alert)}\n${alert.host}`;
		const group = groups.get(key);
		if (!group) {
			groups.set(key, {
				key,
				alerts: [alert],
				priority: alert.priority,
				count: alert.count,
				first,
				last,
				open: alert.state === "open" ? 1 : 0,
			});
			continue;
		}
		group.alerts.push(alert);
		group.count += alert.count;
		if (alert.state === "open") group.open++;
		if (first < group.first) group.first = first;
		if (last > group.last) group.last = last;
		if (PRIORITIES.indexOf(alert.priority) < PRIORITIES.indexOf(group.priority)) group.priority = alert.priority;
	}
	return [...groups.values()];
}
