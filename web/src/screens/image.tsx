import { Link } from "wouter";
import { useAnswer, useChange, useList } from "../api/queries.ts";
import type { Finding, Image, ImageDetail, ImageDiff, Package } from "../api/types.ts";
import { Filter, FixFilter, SearchFilter, SeverityFilter } from "../app/filter.tsx";
import { useMay } from "../app/session.tsx";
import { useUrl } from "../app/url.ts";
import { t, tValue } from "../i18n/index.ts";
import { Button, Choice, Facts, Notice, Panel, Tabs, Time } from "../kit/controls.tsx";
import { PageHead } from "../kit/page_head.tsx";
import { Counts, KevBadge, OwnerBadge, SeverityMark } from "../kit/severity.tsx";
import { Answered, Empty } from "../kit/states.tsx";
import { type Column, ListTable, SmallTable } from "../kit/table.tsx";
import { toast, toastError } from "../kit/toast.tsx";
import { bytes, epss, number, shortDigest } from "../logic/format.ts";
import { AssetName } from "./assets.tsx";
import { imageName } from "./images.tsx";
import "./image.css";

function findingColumns(): Column<Finding>[] {
	return [
		{ key: "severity", head: t("finding.severity"), width: "108px", sort: "-severity", cell: (finding) => <SeverityMark severity={finding.severity} /> },
		{
			key: "vulnerability",
			head: t("finding.vulnerability"),
			width: "minmax(170px, 1.1fr)",
			card: "title",
			sort: "-vulnerability",
			cell: (finding) => (
				<span className="row">
					<Link href={`/vulnerabilities/${encodeURIComponent(finding.vulnerability)}`} tabIndex={-1} className="link-strong clip">
						{finding.vulnerability}
					</Link>
					{finding.kev && <KevBadge />}
					{finding.accepted && <span className="badge tone-neutral">{t("finding.accepted")}</span>}
				</span>
			),
		},
		{
			key: "package",
			head: t("finding.package"),
			width: "minmax(190px, 1.4fr)",
			sort: "package",
			cell: (finding) => (
				<>
					{finding.package} <span className="muted mono xs">{finding.version}</span>
				</>
			),
		},
		{ key: "fixed", head: t("finding.fixed"), width: "minmax(120px, 0.9fr)", cell: (finding) => (finding.fixed ? <span className="mono xs">{finding.fixed}</span> : <span className="muted">{t("finding.noFix")}</span>) },
		{ key: "epss", head: "EPSS", width: "64px", end: true, sort: "-epss", cell: (finding) => (finding.epss != null ? epss(finding.epss) : "") },
		{ key: "owner", head: t("finding.owner"), width: "112px", cell: (finding) => <OwnerBadge owner={finding.owner} /> },
	];
}

function Findings({ path }: { path: string }) {
	const url = useUrl();
	const list = useList<Finding>(`${path}/findings`, {
		q: url.one("q"),
		severity: url.many("severity"),
		fixable: url.one("fixable"),
		owner: url.one("owner"),
		sort: url.sorting.by,
	});
	return (
		<>
			<div className="toolbar">
				<SearchFilter label={t("finding.search")} />
				<SeverityFilter />
				<FixFilter />
				<Filter
					name="owner"
					label={t("finding.owner")}
					options={[["", t("finding.anyOwner")], ...(["base", "application"] as const).map((each) => [each, tValue("owner", each)] as [string, string])]}
				/>
			</div>
			<div className="image-table">
				<ListTable
					label={t("image.findings")}
					list={list}
					columns={findingColumns()}
					sorting={url.sorting}
					rowKey={(finding) => `${finding.vulnerability}/${finding.package}/${finding.version}`}
					href={(finding) => `/vulnerabilities/${encodeURIComponent(finding.vulnerability)}`}
					empty={<Empty icon="check" title={t("image.noFindings")} text={t("image.noFindingsText")} />}
				/>
			</div>
		</>
	);
}

function Packages({ path }: { path: string }) {
	const url = useUrl();
	const list = useList<Package>(`${path}/packages`, { q: url.one("q") });
	return (
		<>
			<div className="toolbar">
				<SearchFilter label={t("image.searchPackages")} />
			</div>
			<div className="image-table">
				<ListTable
					label={t("image.packages")}
					list={list}
					rowKey={(each) => `${each.kind}/${each.name}/${each.version}/${each.path ?? ""}`}
					columns={[
						{ key: "name", head: t("finding.package"), width: "minmax(180px, 1.2fr)", cell: (each) => <span className="link-strong">{each.name}</span> },
						{ key: "version", head: t("image.version"), width: "minmax(130px, 1fr)", cell: (each) => <span className="mono xs">{each.version}</span> },
						{ key: "kind", head: t("assets.kind"), width: "84px", cell: (each) => each.kind },
						{ key: "owner", head: t("finding.owner"), width: "112px", cell: (each) => <OwnerBadge owner={each.owner} /> },
						{ key: "layer", head: t("image.layer"), width: "56px", end: true, cell: (each) => (each.layer != null ? number(each.layer) : "") },
						{ key: "license", head: t("image.license"), width: "minmax(90px, 0.7fr)", cell: (each) => each.license ?? "" },
					]}
					empty={<Empty icon="package" title={t("image.noPackages")} />}
				/>
			</div>
		</>
	);
}

function BaseImage({ base }: { base: NonNullable<ImageDetail["baseImage"]> }) {
	const [name] = base.names;
	return (
		<>
			<Link className="link-strong" href={`/images/${encodeURIComponent(base.digest)}`} title={base.digest}>
				{name?.reference ?? shortDigest(base.digest)}
			</Link>{" "}
			<span className="muted xs">
				{t("image.baseLayers", { n: base.layers })}
				{name && !name.current && ` · ${t("image.baseOld")}`}
			</span>
		</>
	);
}

function Layers({ detail }: { detail: ImageDetail }) {
	const biggest = Math.max(1, ...detail.layerList.map((layer) => layer.size ?? 0));
	if (detail.layerList.length === 0) return <Empty icon="images" title={t("image.noLayers")} />;
	return (
		<ol className="panel layers">
			{detail.layerList.map((layer) => (
				<li key={layer.index} className="layer">
					<span className="muted num layer-index">{layer.index}</span>
					<span className="layer-owner">
						<OwnerBadge owner={layer.owner} />
					</span>
					<div className="grow">
						{layer.command && <code className="wrap xs block">{layer.command}</code>}
						<span className="muted xs mono">{shortDigest(layer.digest)}</span>
					</div>
					<div className="layer-size">
						<span className="small num">{layer.size != null ? bytes(layer.size) : ""}</span>
						<span className={`bar tone-${layer.owner === "application" ? "accent" : "unknown"}`} aria-hidden="true">
							<i style={{ width: `${((layer.size ?? 0) / biggest) * 100}%` }} />
						</span>
					</div>
				</li>
			))}
		</ol>
	);
}

/** Two tables stand side by side: each has half the room. */
const DIFF_WIDTHS = ["76px", "minmax(132px, 1.2fr)", "minmax(110px, 1fr)", "minmax(80px, 0.8fr)"];

function DiffTable({ title, findings }: { title: string; findings: Finding[] }) {
	return (
		<Panel title={title} flush>
			<SmallTable
				label={title}
				rows={findings}
				rowKey={(finding) => `${finding.vulnerability}/${finding.package}/${finding.version}`}
				columns={findingColumns().slice(0, 4).map((column, index) => ({ ...column, width: DIFF_WIDTHS[index]! }))}
				empty={
					<div className="body">
						<p className="small muted">{t("common.none")}</p>
					</div>
				}
			/>
		</Panel>
	);
}

function Diff({ path, digest }: { path: string; digest: string }) {
	const url = useUrl();
	const to = url.one("to");
	const others = useList<Image>("/images", { limit: 200 });
	const diff = useAnswer<ImageDiff>(to ? `${path}/diff` : null, { to });
	const choices = others.rows.filter((image) => image.digest !== digest && image.scanned);
	return (
		<div className="stack wide">
			<div className="toolbar">
				<span className="small">{t("image.compareWith")}</span>
				<Choice
					label={t("image.compareWith")}
					value={to}
					options={[["", t("image.chooseImage")], ...choices.map((image) => [image.digest, `${imageName(image)} (${shortDigest(image.digest)})`] as [string, string])]}
					onChange={(next) => url.change({ to: next })}
				/>
			</div>
			{!to && <Empty icon="images" title={t("image.diffNone")} text={t("image.diffNoneText")} />}
			{to && (
				<Answered query={diff}>
					{(data) => (
						<>
							<p className="small">{t("image.diffSame", { n: data.same })}</p>
							{data.cut && <Notice>{t("image.diffCut")}</Notice>}
							<div className="halves">
								<DiffTable title={t("image.diffRemoved", { n: data.removed.length })} findings={data.removed} />
								<DiffTable title={t("image.diffAdded", { n: data.added.length })} findings={data.added} />
							</div>
						</>
					)}
				</Answered>
			)}
		</div>
	);
}

function Body({ detail, path }: { detail: ImageDetail; path: string }) {
	const url = useUrl();
	const { image } = detail;
	const tab = url.one("tab") || "findings";
	const mayScan = useMay("images.scan");
	const scan = useChange<void, unknown>(
		() => ({ method: "POST", path: `${path}/scan` }),
		[path],
		() => toast(t("image.scanAsked")),
	);
	const base = `/images/${encodeURIComponent(image.digest)}`;
	const tabs = [
		{ key: "findings", text: t("image.findings") },
		{ key: "layers", text: t("image.layers"), count: detail.layerList.length },
		{ key: "packages", text: t("image.packages"), count: image.packages },
		{ key: "containers", text: t("image.containers"), count: detail.containers.length },
		{ key: "diff", text: t("image.diff") },
	];
	return (
		<>
			<PageHead title={imageName(image)} back={{ href: "/images", text: t("nav.images") }}>
				{mayScan && (
					<Button icon="refresh" disabled={scan.isPending} onClick={() => scan.mutate(undefined, { onError: toastError })}>
						{image.scanned ? t("image.scanAgain") : t("image.scan")}
					</Button>
				)}
			</PageHead>
			<div className="panel image-head">
				<Facts
					facts={[
						[t("image.digest"), <code key="digest">{image.digest}</code>],
						[t("image.references"), image.references.slice(1).join(", ")],
						[t("image.base"), detail.baseImage && <BaseImage key="base" base={detail.baseImage} />],
						[t("images.os"), image.os],
						[t("images.size"), image.size != null ? bytes(image.size) : null],
						[t("images.scanned"), image.scanned ? <Time key="scanned" at={image.scanned} /> : t("images.notScanned")],
						[t("image.database"), detail.database.builtAt && <Time key="database" at={detail.database.builtAt} />],
					]}
				/>
				<div className="stack image-counts">
					{image.scanned && <Counts counts={image.counts} all none={t("finding.noneKnown")} />}
					<span className="small muted">{t("image.summary", { kev: image.kev, fixable: image.fixable, accepted: image.accepted })}</span>
				</div>
			</div>
			{image.scanError && (
				<Notice tone="high" icon="warning">
					{t("image.scanError", { why: image.scanError })}
				</Notice>
			)}
			{detail.gaps.length > 0 && (
				<Notice tone="medium" icon="warning">
					<details>
						<summary>{t("image.gaps", { n: detail.gaps.reduce((sum, gap) => sum + gap.count, 0) })}</summary>
						<ul className="xs wrap stack tight gaps">
							{detail.gaps.map((gap, index) => (
								<li key={index}>
									<b>{tValue("gap", gap.kind)}</b> · <code>{gap.place}</code> {gap.detail} {gap.count > 1 ? `×${number(gap.count)}` : ""}
								</li>
							))}
						</ul>
					</details>
				</Notice>
			)}
			<Tabs label={t("image.tabs")} current={tab} tabs={tabs.map((each) => ({ ...each, href: each.key === "findings" ? base : `${base}?tab=${each.key}` }))} />
			{tab === "findings" && (image.scanned ? <Findings path={path} /> : <Empty icon="images" title={t("images.notScanned")} text={t("image.notScannedText")} />)}
			{tab === "layers" && <Layers detail={detail} />}
			{tab === "packages" && <Packages path={path} />}
			{tab === "containers" && (
				<div className="panel">
					<SmallTable
						label={t("image.containers")}
						rows={detail.containers}
						rowKey={(asset) => asset.id}
						columns={[
							{ key: "name", head: t("assets.name"), width: "minmax(200px, 1fr)", cell: (asset) => <AssetName asset={asset} /> },
							{ key: "host", head: t("assets.host"), width: "minmax(120px, 1fr)", cell: (asset) => asset.host ?? asset.agent },
							{ key: "first", head: t("assets.firstSeen"), width: "120px", end: true, cell: (asset) => <Time at={asset.firstSeen} /> },
						]}
						empty={<Empty icon="container" title={t("image.noContainers")} />}
					/>
				</div>
			)}
			{tab === "diff" && <Diff path={path} digest={image.digest} />}
		</>
	);
}

export default function ImagePage({ params }: { params: Record<string, string | undefined> }) {
	const digest = decodeURIComponent(params.digest ?? "");
	const path = `/images/${encodeURIComponent(digest)}`;
	const detail = useAnswer<ImageDetail>(path);
	return (
		<div className="page">
			<Answered query={detail}>{(data) => <Body detail={data} path={path} />}</Answered>
		</div>
	);
}
