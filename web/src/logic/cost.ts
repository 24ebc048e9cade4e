import type { AgentPart } from "../api/types.ts";

/** What all parts cost together, under the name "all"; what one of them does not tell is not known of all. */
export function wholeCost(parts: AgentPart[]): AgentPart {
	const sum = (of: (part: AgentPart) => number) => parts.reduce((all, part) => all + of(part), 0);
	return {
		part: "all",
		cpu: parts.every((part) => part.cpu != null) ? sum((part) => part.cpu ?? 0) : undefined,
		cpuSeconds: sum((part) => part.cpuSeconds),
		memory: sum((part) => part.memory),
		processes: parts.every((part) => part.processes != null) ? sum((part) => part.processes ?? 0) : undefined,
	};
}
