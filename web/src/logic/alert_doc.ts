// What an agent says with an alert (doc/schemas/alert-1.schema.json). The console passes it on as it came, so every member may be
// missing and nothing of it is trusted to be of its type.

export interface Ancestor {
	pid: number | null;
	name: string;
	exePath: string;
	cmdline: string;
	user: string;
}

export interface AlertDoc {
	lineage: Ancestor[];
	container: [string, string][];
	powers: { privileged: boolean; hostPid: boolean; hostNetwork: boolean; hostIpc: boolean };
	isHost: boolean;
	mounts: { source: string; dest: string; writable: boolean }[];
	fields: [string, string][];
	event: string;
}

type Loose = Record<string, unknown>;

function objectOf(value: unknown): Loose {
	return value && typeof value === "object" && !Array.isArray(value) ? (value as Loose) : {};
}

function listOf(value: unknown): Loose[] {
	return Array.isArray(value) ? value.map(objectOf) : [];
}

function text(value: unknown): string {
	if (value === null || value === undefined) return "";
	return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const CONTAINER_FACTS = [
	"runtime",
	"id",
	"name",
	"image",
	"imageDigest",
	"user",
	"hostname",
	"podNamespace",
	"podName",
	"podContainer",
	"podOwner",
	"cgroupPath",
];

export function readAlertDoc(doc: unknown): AlertDoc {
	const whole = objectOf(doc);
	const container = objectOf(whole.container);
	return {
		lineage: listOf(whole.lineage).map((each) => ({
			pid: typeof each.pid === "number" ? each.pid : null,
			name: text(each.name),
			exePath: text(each.exePath),
			cmdline: text(each.cmdline),
			user: text(each.user),
		})),
		container: CONTAINER_FACTS.map((name): [string, string] => [name, text(container[name])]).filter(([, value]) => value !== ""),
		powers: {
			privileged: container.privileged === true,
			hostPid: container.hostPid === true,
			hostNetwork: container.hostNetwork === true,
			hostIpc: container.hostIpc === true,
		},
		isHost: container.runtime === "host",
		mounts: listOf(container.mounts).map((each) => ({ source: text(each.source), dest: text(each.dest), writable: each.writable === true })),
		fields: Object.entries(objectOf(whole.fields)).map(([name, value]) => [name, value === null ? "" : text(value)]),
		event: text(whole.source),
	};
}
