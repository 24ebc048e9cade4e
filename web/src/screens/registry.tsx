import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import { useAnswer, useChange, useList } from "../api/queries.ts";
import type { Registry, RegistryMove, RegistryTag, RegistryTagImage } from "../api/types.ts";
import { Filter, SearchFilter, StageFilter } from "../app/filter.tsx";
import { useMay } from "../app/session.tsx";
import { useUrl } from "../app/url.ts";
import { t, tValue } from "../i18n/index.ts";
import { Meter } from "../kit/charts.tsx";
import { Button, Facts, Notice, Panel, Tabs, Time } from "../kit/controls.tsx";
import { Dialog } from "../kit/dialog.tsx";
import { PageHead } from "../kit/page_head.tsx";
import { Counts } from "../kit/severity.tsx";
import { StageBadge } from "../kit/stage.tsx";
import { Answered, Empty } from "../kit/states.tsx";
import { type Column, ListTable } from "../kit/table.tsx";
import { toast, toastError } from "../kit/toast.tsx";
import { number, shortDigest } from "../logic/format.ts";
import { RegistryDialog, RegistryState } from "./registries.tsx";

function Progress({ registry }: { registry: Registry }) {
	const { progress } = registry;
	const done = progress.scanned + progress.failed;
	return (
		<Panel title={t("registries.progress")} aside={<RegistryState registry={registry} />}>
			<div className="stack tight progress" aria-live="polite">
				<Meter share={progress.images ? done / progress.images : 0} tone="accent" />
				<p className="small muted">{t("registries.progressText", { scanned: progress.scanned, failed: progress.failed, images: progress.images })}</p>
			</div>
			<Facts
				facts={[
					[t("registries.repositoryCount"), number(progress.repositories)],
					[t("registries.tagCount"), number(progress.tags)],
					[t("registries.newDigests"), number(progress.newDigests)],
					[t("registries.skipped"), progress.skipped ? number(progress.skipped) : null],
					[t("registries.began"), progress.began ? <Time at={progress.began} /> : null],
					[t("registries.ended"), progress.ended ? <Time at={progress.ended} /> : null],
					[t("registries.next"), progress.next && registry.enabled ? <Time at={progress.next} /> : null],
				]}
			/>
		</Panel>
	);
}

function TagImage({ image }: { image: RegistryTagImage }) {
	return (
		<span className="small">
			{image.platform && <span className="muted">{image.platform} </span>}
			{image.error ? (
				<span className="severity tone-high" title={image.error}>
					{t("registries.notRead")}
				</span>
			) : !image.scanned ? (
				<span className="muted">{t("images.notScanned")}</span>
			) : (
				image.image && image.counts && (
					<Link href={`/images/${encodeURIComponent(image.image)}`} tabIndex={-1}>
						<Counts counts={image.counts} />
					</Link>
				)
			)}
		</span>
	);
}

const TAG_COLUMNS = (): Column<RegistryTag>[] => [
	{
		key: "tag",
		head: t("registries.tag"),
		width: "minmax(220px, 1.6fr)",
		sort: "-name",
		cell: (tag) => (
			<span className="two-lines">
				<span className="link-strong clip" title={`${tag.repository}:${tag.tag}`}>
					{tag.repository}:{tag.tag}
				</span>
				{tag.error ? (
					<span className="xs clip toned tone-high" title={tag.error}>
						{tag.error}
					</span>
				) : (
					<span className="muted xs mono clip">
						{tag.tag} · {shortDigest(tag.digest)}
					</span>
				)}
			</span>
		),
	},
	{ key: "stage", head: t("registries.stage"), width: "96px", cell: (tag) => <StageBadge stage={tag.stage} /> },
	{
		key: "findings",
		head: t("images.findings"),
		width: "minmax(200px, 1.4fr)",
		cell: (tag) => (
			<span className="two-lines">
				{tag.images.length === 0 && <span className="muted small">{t("images.notScanned")}</span>}
				{tag.images.slice(0, 2).map((image) => (
					<TagImage key={image.platform} image={image} />
				))}
			</span>
		),
	},
	{ key: "changed", head: t("registries.changed"), width: "110px", end: true, sort: "-changed", cell: (tag) => <Time at={tag.gone ?? tag.changed} /> },
	{ key: "moves", head: t("registries.moves"), width: "72px", end: true, cell: (tag) => (tag.moves ? number(tag.moves) : "") },
];

const MOVE_COLUMNS = (): Column<RegistryMove>[] => [
	{ key: "time", head: t("registries.time"), width: "120px", cell: (move) => <Time at={move.time} /> },
	{
		key: "tag",
		head: t("registries.tag"),
		width: "minmax(180px, 1.2fr)",
		cell: (move) => (
			<span className="clip">
				{move.repository}:{move.tag}
			</span>
		),
	},
	{ key: "what", head: t("registries.what"), width: "96px", cell: (move) => t(!move.before ? "registries.came" : !move.after ? "registries.went" : "registries.moved") },
	{ key: "before", head: t("registries.before"), width: "minmax(140px, 1fr)", cell: (move) => <span className="mono xs clip">{move.before ? shortDigest(move.before) : "–"}</span> },
	{ key: "after", head: t("registries.after"), width: "minmax(140px, 1fr)", cell: (move) => <span className="mono xs clip">{move.after ? shortDigest(move.after) : "–"}</span> },
];

function History({ id, tag }: { id: string; tag?: RegistryTag }) {
	const list = useList<RegistryMove>(`/registries/${id}/history`, tag && { repository: tag.repository, tag: tag.tag });
	return (
		<ListTable
			label={t("registries.history")}
			list={list}
			columns={MOVE_COLUMNS()}
			rowKey={(move) => `${move.time}/${move.repository}:${move.tag}/${move.after ?? ""}`}
			empty={<Empty icon="audit" title={t("registries.noHistory")} />}
		/>
	);
}

function Tags({ id }: { id: string }) {
	const url = useUrl();
	const [open, setOpen] = useState<RegistryTag | null>(null);
	const gone = url.one("gone");
	const stage = url.one("stage");
	const list = useList<RegistryTag>(`/registries/${id}/tags`, { q: url.one("q"), stage, gone: gone || undefined, sort: url.sorting.by });
	const filtered = url.one("q") || stage || gone;
	return (
		<>
			<div className="toolbar">
				<SearchFilter label={t("registries.search")} />
				<StageFilter />
				<Filter
					name="gone"
					label={t("registries.presence")}
					options={[
						["", t("registries.there")],
						["true", t("registries.gone")],
					]}
				/>
			</div>
			<ListTable
				label={t("registries.tagList")}
				list={list}
				columns={TAG_COLUMNS()}
				sorting={url.sorting}
				rowKey={(tag) => `${tag.repository}:${tag.tag}`}
				rowHeight={52}
				onOpen={setOpen}
				empty={
					filtered ? (
						<Empty icon="search" title={t("registries.noMatch")} text={t("assets.noMatchText")} />
					) : (
						<Empty icon="images" title={t("registries.noTags")} text={t("registries.noTagsText")} />
					)
				}
			/>
			{open && (
				<Dialog title={`${open.repository}:${open.tag}`} onClose={() => setOpen(null)} wide>
					<Facts
						facts={[
							[t("registries.digest"), <code key="digest">{open.digest || "–"}</code>],
							[t("registries.error"), open.error ?? null],
							...open.images.map((image): [string, ReactNode] => [
								image.platform || t("registries.image"),
								image.error ? (
									image.error
								) : image.image ? (
									<Link key={image.platform} href={`/images/${encodeURIComponent(image.image)}`}>
										{shortDigest(image.image)}
									</Link>
								) : null,
							]),
						]}
					/>
					<History id={id} tag={open} />
				</Dialog>
			)}
		</>
	);
}

function Body({ registry }: { registry: Registry }) {
	const url = useUrl();
	const mayWrite = useMay("registries.write");
	const mayScan = useMay("images.scan");
	const [editing, setEditing] = useState(false);
	const busy = registry.progress.state !== "idle";
	const tab = url.one("tab") === "history" ? "history" : "tags";
	const order = useChange<"scan" | "cancel", void>(
		(what) => ({ method: "POST", path: `/registries/${registry.id}/${what}` }),
		["/registries"],
		(_, what) => toast(t(what === "scan" ? "registries.scanAsked" : "registries.cancelAsked")),
	);
	return (
		<>
			<PageHead title={registry.name} back={{ href: "/registries", text: t("nav.registries") }} before={<StageBadge stage={registry.stage} />}>
				{mayScan && !busy && (
					<Button icon="play" disabled={order.isPending} onClick={() => order.mutate("scan", { onError: toastError })}>
						{t("registries.scan")}
					</Button>
				)}
				{mayScan && busy && (
					<Button icon="close" disabled={order.isPending} onClick={() => order.mutate("cancel", { onError: toastError })}>
						{t("registries.cancel")}
					</Button>
				)}
				{mayWrite && (
					<Button icon="settings" onClick={() => setEditing(true)}>
						{t("registries.edit")}
					</Button>
				)}
			</PageHead>
			{registry.progress.trouble && !busy && (
				<Notice tone={registry.progress.trouble === "partly" || registry.progress.trouble === "cancelled" ? "high" : "critical"} icon="warning">
					<div>
						<b>{tValue("registryTrouble", registry.progress.trouble)}</b>
						{registry.progress.detail && <p className="small wrap">{registry.progress.detail}</p>}
					</div>
				</Notice>
			)}
			{registry.insecure && (
				<Notice tone="high" icon="warning">
					{t("registries.insecureText")}
				</Notice>
			)}
			<div className="split">
				<div className="stack wide">
					<Tabs
						label={t("registries.view")}
						current={tab}
						tabs={[
							{ key: "tags", text: t("registries.tagList"), href: `/registries/${registry.id}` },
							{ key: "history", text: t("registries.history"), href: `/registries/${registry.id}?tab=history` },
						]}
					/>
					{tab === "tags" ? <Tags id={registry.id} /> : <History id={registry.id} />}
				</div>
				<div className="stack">
					<Progress registry={registry} />
					<Panel title={t("registries.settings")}>
						<Facts
							facts={[
								[t("registries.address"), <code key="address">{registry.address}</code>],
								[t("registries.kind"), registry.kind],
								[t("registries.user"), registry.user || null],
								[t("registries.repositories"), registry.repositories.length ? registry.repositories.join(", ") : t("registries.all")],
								[t("registries.tags"), registry.tags.length ? registry.tags.join(", ") : t("registries.all")],
								[t("registries.platforms"), registry.platforms.join(", ")],
								[t("registries.stages"), registry.stages.length ? registry.stages.map((rule) => `${rule.pattern} → ${tValue("stage", rule.stage)}`).join(", ") : null],
							]}
						/>
					</Panel>
				</div>
			</div>
			{editing && <RegistryDialog registry={registry} onClose={() => setEditing(false)} />}
		</>
	);
}

export default function RegistryPage({ params }: { params: Record<string, string | undefined> }) {
	const query = useAnswer<Registry>(`/registries/${params.id}`);
	return (
		<div className="page">
			<Answered query={query}>{(registry) => <Body registry={registry} />}</Answered>
		</div>
	);
}
