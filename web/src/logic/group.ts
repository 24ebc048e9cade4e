import type { Alert, AlertGroup, AlertState } from "../api/types.ts";

/** Where an alert comes from as people say it: its pod, else its container, else its host. */
export function workloadOf(alert: Alert): string {
	if (alert.pod) return alert.namespace ? `${alert.namespace}/${alert.pod}` : alert.pod;
	return alert.containerName || alert.container?.slice(0, 12) || alert.host;
}

/** What of a group a decision changes, and how many alerts that is: of a group that was not looked at by states what nobody has looked
 * at; what is to be opened again is all the rest. @param chosen the states it was looked at by; none: all */
export function affected(group: AlertGroup, chosen: readonly AlertState[], to: AlertState): { states: AlertState[]; count: number } {
	if (to === "open") {
		const closed: AlertState[] = ["acknowledged", "resolved", "false-positive"];
		return { states: chosen.length ? chosen.filter((state) => state !== "open") : closed, count: group.alerts - group.open };
	}
	if (chosen.length && !chosen.includes(to)) return { states: [...chosen], count: group.alerts };
	return { states: ["open"], count: group.open };
}
