import { Link } from "wouter";
import { useList } from "../api/queries.ts";
import type { Image } from "../api/types.ts";
import { Filter, SearchFilter, SeverityFilter, StageFilter } from "../app/filter.tsx";
import { useUrl } from "../app/url.ts";
import { SavedViews } from "../app/views.tsx";
import { t } from "../i18n/index.ts";
import { Time } from "../kit/controls.tsx";
import { PageHead } from "../kit/page_head.tsx";
import { Counts } from "../kit/severity.tsx";
import { Empty } from "../kit/states.tsx";
import { type Column, ListTable } from "../kit/table.tsx";
import { StageBadge } from "../kit/stage.tsx";
import { bytes, number, shortDigest } from "../logic/format.ts";
import { SEVERITIES } from "../logic/severity.ts";

export function imageName(image: { references?: string[]; digest: string }): string {
	return image.references?.[0] ?? shortDigest(image.digest);
}

/** Nothing found where nothing could be judged is not "none". */
function Judged({ image }: { image: Image }) {
	const found = Object.values(image.counts).some((count) => count > 0);
	return (
		<>
			{(found || !image.unjudged) && <Counts counts={image.counts} />}
			{image.unjudged && <span className="severity tone-unknown">{found ? t("images.partlyJudged") : t("images.unjudged")}</span>}
		</>
	);
}

const COLUMNS = (): Column<Image>[] => [
	{
		key: "name",
		head: t("images.name"),
		width: "minmax(240px, 2fr)",
		sort: "name",
		cell: (image) => (
			<span className="two-lines">
				<Link href={`/images/${encodeURIComponent(image.digest)}`} tabIndex={-1} className="link-strong clip">
					{imageName(image)}
				</Link>
				<span className="muted xs mono clip">
					{image.stages.map((stage) => (
						<StageBadge key={stage} stage={stage} />
					))}{" "}
					{shortDigest(image.digest)}
				</span>
			</span>
		),
	},
	{ key: "os", head: t("images.os"), width: "minmax(90px, 0.7fr)", cell: (image) => image.os ?? "" },
	{
		key: "findings",
		head: t("images.findings"),
		width: "minmax(190px, 1.2fr)",
		cell: (image) => (image.scanned ? <Judged image={image} /> : <span className="muted">{t("images.notScanned")}</span>),
	},
	{ key: "kev", head: "KEV", width: "48px", end: true, cell: (image) => (image.kev ? number(image.kev) : "") },
	{ key: "fixable", head: t("images.fixable"), width: "72px", end: true, sort: "-fixable", cell: (image) => (image.scanned ? number(image.fixable) : "") },
	{ key: "running", head: t("images.running"), width: "72px", end: true, sort: "-running", cell: (image) => number(image.running) },
	{ key: "size", head: t("images.size"), width: "84px", end: true, sort: "-size", cell: (image) => (image.size != null ? bytes(image.size) : "") },
	{ key: "scanned", head: t("images.scanned"), width: "104px", end: true, sort: "-scanned", cell: (image) => (image.scanned ? <Time at={image.scanned} /> : "") },
];

export default function ImagesPage() {
	const url = useUrl();
	const severity = url.one("severity");
	const running = url.one("running");
	const stage = url.one("stage");
	const list = useList<Image>("/images", { q: url.one("q"), severity: severity ? [severity] : undefined, running, stage: stage ? [stage] : undefined, sort: url.sorting.by });
	const filtered = url.one("q") || severity || running || stage;
	return (
		<div className="page fixed">
			<PageHead title={t("nav.images")}>
				<SavedViews />
			</PageHead>
			<div className="toolbar">
				<SearchFilter label={t("images.search")} />
				<SeverityFilter label={t("images.withSeverity")} severities={SEVERITIES.slice(0, 4)} />
				<Filter
					name="running"
					label={t("images.use")}
					options={[
						["", t("images.anyUse")],
						["true", t("images.inUse")],
						["false", t("images.notInUse")],
					]}
				/>
				<StageFilter />
			</div>
			<ListTable
				label={t("nav.images")}
				list={list}
				columns={COLUMNS()}
				sorting={url.sorting}
				rowKey={(image) => image.digest}
				rowHeight={52}
				href={(image) => `/images/${encodeURIComponent(image.digest)}`}
				empty={
					filtered ? (
						<Empty icon="search" title={t("images.noMatch")} text={t("assets.noMatchText")} />
					) : (
						<Empty icon="images" title={t("images.none")} text={t("images.noneText")}>
							<Link href="/agents" className="button">
								{t("nav.agents")}
							</Link>
						</Empty>
					)
				}
			/>
		</div>
	);
}
