import { type FormEvent, useState } from "react";
import { Link, useLocation } from "wouter";
import type { Page } from "../api/client.ts";
import { useAnswer, useChange, useList } from "../api/queries.ts";
import type { Registry, RegistryKind, Stage } from "../api/types.ts";
import { useMay } from "../app/session.tsx";
import { useUrl } from "../app/url.ts";
import { type Key, pick, t, tValue } from "../i18n/index.ts";
import { Button, Check, SelectField, TextArea, TextField, Time } from "../kit/controls.tsx";
import { Dialog, DialogFoot } from "../kit/dialog.tsx";
import { PageHead } from "../kit/page_head.tsx";
import { STAGES, StageBadge } from "../kit/stage.tsx";
import { Answered, Empty, ErrorNotice } from "../kit/states.tsx";
import { type Column, ListTable } from "../kit/table.tsx";
import { toast } from "../kit/toast.tsx";
import { number } from "../logic/format.ts";
import { linesOf, rulesOf, rulesText, textOf } from "../logic/registry.ts";

const STATE_TONE: Record<string, string> = { waiting: "neutral", listing: "accent", scanning: "accent", idle: "good" };

/** What is done now, or how it went. */
export function RegistryState({ registry }: { registry: Registry }) {
	const { state, trouble, ended } = registry.progress;
	const troubled = state === "idle" && trouble;
	const tone = troubled ? (trouble === "partly" || trouble === "cancelled" ? "high" : "critical") : state === "idle" && !ended ? "neutral" : (STATE_TONE[state] ?? "neutral");
	const text = troubled ? tValue("registryTrouble", trouble) : state === "idle" && !ended ? t("registries.never") : tValue("registryState", state);
	return (
		<span className={`badge tone-${tone}`} title={registry.progress.detail}>
			{text}
		</span>
	);
}

const INTERVALS: [string, Key][] = [
	["0", "registries.onDemand"],
	["3600", "registries.hourly"],
	["21600", "registries.sixHourly"],
	["86400", "registries.daily"],
	["604800", "registries.weekly"],
];

function useForm(registry: Registry | null) {
	const [form, setForm] = useState({
		name: registry?.name ?? "",
		kind: registry?.kind ?? "docker-registry",
		address: registry?.address ?? "",
		enabled: registry?.enabled ?? true,
		user: registry?.user ?? "",
		password: registry?.hasPassword ? "***" : "",
		ca: registry?.ca ?? "",
		insecure: registry?.insecure ?? false,
		repositories: textOf(registry?.repositories),
		tags: textOf(registry?.tags),
		platforms: textOf(registry?.platforms),
		interval: String(registry?.interval ?? 86400),
		requestsPerSecond: String(registry?.requestsPerSecond ?? 10),
		stage: registry?.stage ?? ("none" as Stage),
		stages: rulesText(registry?.stages),
	});
	const set = (patch: Partial<typeof form>) => setForm({ ...form, ...patch });
	const body = {
		...form,
		repositories: linesOf(form.repositories),
		tags: linesOf(form.tags),
		platforms: linesOf(form.platforms),
		interval: Number(form.interval),
		requestsPerSecond: Number(form.requestsPerSecond),
		stages: rulesOf(form.stages),
	};
	return { form, set, body };
}

function RegistryForm({ registry, kinds, onClose }: { registry: Registry | null; kinds: RegistryKind[]; onClose: () => void }) {
	const { form, set, body } = useForm(registry);
	const [, navigate] = useLocation();
	const kind = kinds.find((each) => each.name === form.kind);
	const save = useChange<void, Registry>(
		() => ({ method: registry ? "PUT" : "POST", path: registry ? `/registries/${registry.id}` : "/registries", body }),
		["/registries"],
		(saved) => {
			toast(t("registries.saved", { name: saved.name }));
			onClose();
			if (!registry) navigate(`/registries/${saved.id}`);
		},
	);
	const remove = useChange<void, void>(
		() => ({ method: "DELETE", path: `/registries/${registry!.id}` }),
		["/registries", "/images"],
		() => {
			toast(t("registries.removed", { name: form.name }));
			navigate("/registries");
		},
	);
	const error = save.error ?? remove.error;
	const intervals = INTERVALS.some(([seconds]) => seconds === form.interval) ? INTERVALS : [...INTERVALS, [form.interval, "registries.otherInterval"] as [string, Key]];
	const submit = (event: FormEvent) => {
		event.preventDefault();
		save.mutate();
	};
	return (
		<form className="stack" onSubmit={submit}>
			<ErrorNotice error={error} />
			<TextField label={t("registries.name")} required autoFocus value={form.name} onChange={(event) => set({ name: event.target.value })} />
			<SelectField label={t("registries.kind")} value={form.kind} options={kinds.map((each) => [each.name, pick(each.what, each.whatZh) || each.name])} onChange={(event) => set({ kind: event.target.value })} />
			<TextField label={t("registries.address")} hint={t("registries.addressHint")} required placeholder={kind?.example} className="input mono" spellCheck={false} value={form.address} onChange={(event) => set({ address: event.target.value })} />
			<TextField label={t("registries.user")} autoComplete="off" spellCheck={false} value={form.user} onChange={(event) => set({ user: event.target.value })} />
			<TextField label={t("registries.password")} hint={t("registries.passwordHint")} type="password" autoComplete="new-password" value={form.password} onChange={(event) => set({ password: event.target.value })} />
			<TextArea
				label={t("registries.repositories")}
				hint={t(kind?.lists === false ? "registries.repositoriesNamed" : "registries.repositoriesHint")}
				required={kind?.lists === false}
				placeholder={kind?.lists === false ? "team/app" : undefined}
				className="input mono"
				spellCheck={false}
				value={form.repositories}
				onChange={(event) => set({ repositories: event.target.value })}
			/>
			<TextArea label={t("registries.tags")} hint={t("registries.tagsHint")} className="input mono" spellCheck={false} value={form.tags} onChange={(event) => set({ tags: event.target.value })} />
			<SelectField label={t("registries.interval")} value={form.interval} options={intervals.map(([seconds, text]) => [seconds, t(text, { n: Number(seconds) })])} onChange={(event) => set({ interval: event.target.value })} />
			<SelectField label={t("registries.stage")} hint={t("registries.stageHint")} value={form.stage} options={STAGES.map((each) => [each, tValue("stage", each)])} onChange={(event) => set({ stage: event.target.value as Stage })} />
			<TextArea label={t("registries.stages")} hint={t("registries.stagesHint")} placeholder="prod/** = production" className="input mono" spellCheck={false} value={form.stages} onChange={(event) => set({ stages: event.target.value })} />
			<details>
				<summary className="small">{t("registries.more")}</summary>
				<div className="stack">
					<TextArea label={t("registries.platforms")} hint={t("registries.platformsHint")} placeholder="linux/amd64" className="input mono" spellCheck={false} value={form.platforms} onChange={(event) => set({ platforms: event.target.value })} />
					<TextField label={t("registries.requests")} type="number" min={1} max={100} required value={form.requestsPerSecond} onChange={(event) => set({ requestsPerSecond: event.target.value })} />
					<TextArea label={t("registries.ca")} hint={t("registries.caHint")} className="input mono" spellCheck={false} value={form.ca} onChange={(event) => set({ ca: event.target.value })} />
					<Check label={t("registries.insecure")} checked={form.insecure} onChange={(event) => set({ insecure: event.target.checked })} />
				</div>
			</details>
			<Check label={t("registries.enabled")} checked={form.enabled} onChange={(event) => set({ enabled: event.target.checked })} />
			<DialogFoot submit={t("common.save")} disabled={save.isPending} onClose={onClose}>
				{registry && (
					<Button look="danger" onClick={() => confirm(t("registries.removeAsk", { name: registry.name })) && remove.mutate()}>
						{t("common.remove")}
					</Button>
				)}
			</DialogFoot>
		</form>
	);
}

export function RegistryDialog({ registry, onClose }: { registry: Registry | null; onClose: () => void }) {
	const kinds = useAnswer<Page<RegistryKind>>("/registry-kinds");
	return (
		<Dialog title={registry ? registry.name : t("registries.new")} onClose={onClose}>
			<Answered query={kinds}>{(data) => <RegistryForm registry={registry} kinds={data.items} onClose={onClose} />}</Answered>
		</Dialog>
	);
}

const COLUMNS = (): Column<Registry>[] => [
	{
		key: "name",
		head: t("registries.name"),
		width: "minmax(190px, 1.4fr)",
		sort: "-name",
		cell: (registry) => (
			<span className="two-lines">
				<Link href={`/registries/${registry.id}`} tabIndex={-1} className="link-strong clip">
					{registry.name}
				</Link>
				<span className="muted xs mono clip">{registry.address}</span>
			</span>
		),
	},
	{ key: "state", head: t("registries.state"), width: "minmax(130px, 0.9fr)", cell: (registry) => <RegistryState registry={registry} /> },
	{ key: "stage", head: t("registries.stage"), width: "96px", cell: (registry) => <StageBadge stage={registry.stage} /> },
	{ key: "tags", head: t("registries.tagCount"), width: "72px", end: true, sort: "-tags", cell: (registry) => number(registry.progress.tags) },
	{ key: "images", head: t("registries.images"), width: "72px", end: true, sort: "-images", cell: (registry) => number(registry.progress.images) },
	{ key: "scanned", head: t("registries.scanned"), width: "80px", end: true, sort: "-scanned", cell: (registry) => number(registry.progress.scanned) },
	{
		key: "failed",
		head: t("registries.failed"),
		width: "72px",
		end: true,
		sort: "-failed",
		cell: (registry) => (registry.progress.failed ? <span className="severity tone-high">{number(registry.progress.failed)}</span> : "0"),
	},
	{ key: "ended", head: t("registries.ended"), width: "104px", end: true, sort: "-ended", cell: (registry) => <Time at={registry.progress.ended} /> },
	{ key: "next", head: t("registries.next"), width: "104px", end: true, sort: "next", cell: (registry) => (registry.enabled ? <Time at={registry.progress.next} /> : <span className="muted">{t("rules.off")}</span>) },
];

export default function RegistriesPage() {
	const url = useUrl();
	const list = useList<Registry>("/registries", { sort: url.sorting.by });
	const may = useMay("registries.write");
	const [open, setOpen] = useState(false);
	const add = may && (
		<Button look="primary" icon="plus" onClick={() => setOpen(true)}>
			{t("registries.new")}
		</Button>
	);
	return (
		<div className="page fixed">
			<PageHead title={t("nav.registries")}>{list.rows.length > 0 && add}</PageHead>
			<ListTable
				label={t("nav.registries")}
				list={list}
				columns={COLUMNS()}
				sorting={url.sorting}
				rowKey={(registry) => registry.id}
				rowHeight={52}
				href={(registry) => `/registries/${registry.id}`}
				empty={
					<Empty icon="volume" title={t("registries.none")} text={t("registries.noneText")}>
						{add}
					</Empty>
				}
			/>
			{open && <RegistryDialog registry={null} onClose={() => setOpen(false)} />}
		</div>
	);
}
