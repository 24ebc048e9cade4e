import { useQueryClient } from "@tanstack/react-query";
import { type KeyboardEvent, type ReactNode, useState } from "react";
import { type Query, call } from "../api/client.ts";
import { refresh, useList } from "../api/queries.ts";
import type { AlertGroup, AlertGroupBy, AlertGroups, AlertState } from "../api/types.ts";
import { useRuleName } from "../app/rule_name.ts";
import type { useUrl } from "../app/url.ts";
import { t, tValue } from "../i18n/index.ts";
import { Button, Choice, SelectField, Time } from "../kit/controls.tsx";
import { PriorityMark } from "../kit/severity.tsx";
import { type Column, ListTable } from "../kit/table.tsx";
import { toast, toastError } from "../kit/toast.tsx";
import { number, shortIds } from "../logic/format.ts";
import { affected } from "../logic/group.ts";
import { STATE_KEYS, TriageDialog } from "./alert_triage.tsx";

const BY: AlertGroupBy[] = ["rule", "image", "namespace", "workload", "container", "host", "cluster", "tag", "priority"];
const SORTS = ["alerts", "-alerts", "last", "-last"];

type Filter = ReturnType<typeof useUrl> & { query: Query };

const byOf = (filter: Filter) => BY.find((by) => by === filter.one("by")) ?? "rule";

export function GroupBy({ filter }: { filter: Filter }) {
	return (
		<Choice
			label={t("alerts.groupBy")}
			value={byOf(filter)}
			options={BY.map((by) => [by, t("alerts.by", { what: tValue("facet", by) })])}
			onChange={(by) => filter.change({ by: by === "rule" ? null : by })}
		/>
	);
}

/** The list's address for the alerts of a group: what is shown now, and the group's value alone. */
function addressOf(filter: Filter, by: string, value: string): string {
	const params = new URLSearchParams(filter.params);
	for (const name of ["view", "by", "sort", by]) params.delete(name);
	params.append(by, value);
	return `/alerts?${params}`;
}

interface Decision {
	group: AlertGroup;
	state: AlertState;
}

interface Triaged {
	changed: number;
	more: boolean;
}

/** A group may be larger than one call changes: it is asked again for what is left of what was confirmed. */
async function triage(filter: Query, before: string, count: number, state: AlertState, note: string): Promise<number> {
	let changed = 0;
	for (;;) {
		const answer = await call<Triaged>("POST", "/alerts/triage", { body: { filter, before, expected: count - changed, state, note } });
		changed += answer.changed;
		if (!answer.more || answer.changed === 0) return changed;
	}
}

function GroupDialog({ first, chosen, name, onClose, onSave }: { first: Decision; chosen: AlertState[]; name: string; onClose: () => void; onSave: (state: AlertState, note: string) => void }) {
	const [state, setState] = useState(first.state);
	const { count } = affected(first.group, chosen, state);
	return (
		<TriageDialog count={count} state={state} hint={t("triage.groupHint")} onClose={onClose} onSave={(note) => onSave(state, note)}>
			<p className="small clip">{name}</p>
			<SelectField label={t("alerts.state")} value={state} options={Object.values(STATE_KEYS).map((each) => [each, tValue("triage.do", each)])} onChange={(event) => setState(event.target.value as AlertState)} />
		</TriageDialog>
	);
}

function columnsOf(by: AlertGroupBy, nameOf: (group: AlertGroup) => string, onDecide?: (group: AlertGroup) => void): Column<AlertGroup>[] {
	return [
		{ key: "priority", head: t("alerts.priority"), width: "100px", cell: (group) => <PriorityMark priority={group.priority} /> },
		{
			key: "value",
			head: tValue("facet", by),
			width: "minmax(200px, 2fr)",
			card: "title",
			cell: (group) => (
				<span className="link-strong clip" title={group.value}>
					{nameOf(group)}
				</span>
			),
		},
		{ key: "alerts", head: t("nav.alerts"), width: "64px", end: true, sort: "-alerts", cell: (group) => number(group.alerts) },
		{ key: "events", head: t("alerts.times"), width: "60px", end: true, cell: (group) => number(group.events) },
		{ key: "open", head: t("state.open"), width: "64px", end: true, cell: (group) => (group.open ? number(group.open) : "") },
		{ key: "first", head: t("alerts.first"), width: "80px", end: true, cell: (group) => group.first && <Time at={group.first} /> },
		{ key: "last", head: t("alerts.last"), width: "80px", end: true, sort: "-last", cell: (group) => group.last && <Time at={group.last} /> },
		...(onDecide
			? [
					{
						key: "decide",
						head: "",
						width: "88px",
						end: true,
						cell: (group: AlertGroup) => (
							<Button look="plain" tabIndex={-1} onClick={() => onDecide(group)}>
								{t("triage.decide")}
							</Button>
						),
					},
				]
			: []),
	];
}

/** All alerts that match, in groups; a key or a button decides about a whole one, as it was counted. */
export function AlertGroupTable({ filter, mayTriage, atTop, empty }: { filter: Filter; mayTriage: boolean; atTop: (top: boolean) => void; empty: ReactNode }) {
	const client = useQueryClient();
	const [deciding, setDeciding] = useState<(Decision & { before: string }) | null>(null);
	const by = byOf(filter);
	const ruleName = useRuleName();
	const nameOf = ({ value, name }: AlertGroup) => {
		if (by === "priority") return tValue("priority", value);
		if (by === "rule") return ruleName(value);
		return by === "container" ? `${name ?? ""} ${value.slice(0, 12)}`.trim() : shortIds(value);
	};
	const list = useList<AlertGroup>("/alerts/groups", { ...filter.query, by, sort: SORTS.find((sort) => sort === filter.sorting.by) });
	/** The oldest: whatever page a group is of, it was counted then or later. */
	const counted = list.data?.pages[0] as AlertGroups | undefined;
	const chosen = filter.many("state") as AlertState[];

	const ask = (group: AlertGroup, state: AlertState) => {
		// What is still shown of another filter is not what this one means.
		if (counted && !list.isPlaceholderData) setDeciding({ group, state, before: counted.asOf });
	};
	const decide = async ({ group, before }: { group: AlertGroup; before: string }, state: AlertState, note: string) => {
		const { states, count } = affected(group, chosen, state);
		setDeciding(null);
		try {
			const n = await triage({ ...filter.query, [by]: [group.value], state: states }, before, count, state, note);
			toast(t("triage.done", { n, state: tValue("state", state) }));
		} catch (error) {
			toastError(error as Error);
		}
		await refresh(client, ["/alerts", "/overview"]);
	};
	const keys = (event: KeyboardEvent, group: AlertGroup) => {
		const state = STATE_KEYS[event.key];
		if (!state || !mayTriage) return;
		event.preventDefault();
		ask(group, state);
	};

	return (
		<>
			<ListTable
				label={t("alerts.asGroups")}
				list={list}
				columns={columnsOf(by, nameOf, mayTriage ? (group) => ask(group, "acknowledged") : undefined)}
				sorting={filter.sorting}
				rowKey={(group) => group.value}
				href={(group) => addressOf(filter, by, group.value)}
				onKey={keys}
				atTop={atTop}
				empty={counted && counted.without > 0 ? <p className="muted">{t("alerts.without", { n: counted.without })}</p> : empty}
				foot={
					<>
						{counted && counted.without > 0 && <span>{t("alerts.without", { n: counted.without })}</span>}
						{counted?.cut && <span>{t("alerts.cut", { n: counted.alerts })}</span>}
						{mayTriage && <span className="push hints">{t("alerts.groupKeys")}</span>}
					</>
				}
			/>
			{deciding && (
				<GroupDialog first={deciding} chosen={chosen} name={nameOf(deciding.group)} onClose={() => setDeciding(null)} onSave={(state, note) => decide(deciding, state, note)} />
			)}
		</>
	);
}
