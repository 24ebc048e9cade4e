import { Link } from "wouter";
import { useAnswer, useList } from "../api/queries.ts";
import type { Heat, Vulnerability } from "../api/types.ts";
import { Filter, FixFilter, SearchFilter, SeverityFilter } from "../app/filter.tsx";
import { useUrl } from "../app/url.ts";
import { SavedViews } from "../app/views.tsx";
import { t, tValue } from "../i18n/index.ts";
import { Segmented } from "../kit/controls.tsx";
import { PageHead } from "../kit/page_head.tsx";
import { AcceptanceBadge, KevBadge, SeverityMark, Shape } from "../kit/severity.tsx";
import { Answered, Empty } from "../kit/states.tsx";
import { type Column, ListTable } from "../kit/table.tsx";
import { date, epss, number, shortDigest } from "../logic/format.ts";
import { type HeatStep, SEVERITIES, heatStep, heatSteps, totalOf } from "../logic/severity.ts";
import "./vulnerabilities.css";

const COLUMNS = (): Column<Vulnerability>[] => [
	{ key: "severity", head: t("finding.severity"), width: "112px", sort: "-severity", cell: (each) => <SeverityMark severity={each.severity} /> },
	{
		key: "id",
		head: t("finding.vulnerability"),
		width: "minmax(230px, 2fr)",
		card: "title",
		sort: "-id",
		cell: (each) => (
			<span className="two-lines">
				<span className="row">
					<Link href={`/vulnerabilities/${encodeURIComponent(each.id)}`} tabIndex={-1} className="link-strong">
						{each.id}
					</Link>
				</span>
				{each.title && <span className="muted xs clip">{each.title}</span>}
			</span>
		),
	},
	{ key: "score", head: "CVSS", width: "48px", end: true, sort: "-score", cell: (each) => (each.score != null ? each.score.toFixed(1) : "") },
	{ key: "kev", head: "KEV", width: "56px", sort: "-kev", cell: (each) => each.kev && <KevBadge /> },
	{ key: "epss", head: "EPSS", width: "108px", end: true, sort: "-epss", cell: (each) => (each.epss != null ? epss(each.epss, each.epssPercentile) : "") },
	{ key: "images", head: t("vulnerability.images"), width: "64px", end: true, sort: "-images", cell: (each) => number(each.images) },
	{ key: "containers", head: t("vulnerability.running"), width: "64px", end: true, sort: "-running", cell: (each) => number(each.containers) },
	{ key: "fix", head: t("finding.fix"), width: "88px", cell: (each) => (each.fixable ? <span className="badge tone-good">{t("finding.hasFix")}</span> : <span className="muted">{t("finding.noFix")}</span>) },
	{ key: "state", head: t("alerts.state"), width: "104px", cell: (each) => <AcceptanceBadge state={each.state} /> },
	{ key: "published", head: t("vulnerability.published"), width: "116px", end: true, sort: "-published", cell: (each) => (each.published ? date(each.published) : "") },
];

function Table() {
	const url = useUrl();
	const list = useList<Vulnerability>("/vulnerabilities", {
		q: url.one("q"),
		severity: url.many("severity"),
		kev: url.one("kev"),
		fixable: url.one("fixable"),
		accepted: url.one("accepted"),
		sort: url.sorting.by,
	});
	const filtered = ["q", "severity", "kev", "fixable", "accepted"].some((name) => url.one(name));
	return (
		<>
			<div className="toolbar">
				<SearchFilter label={t("vulnerability.search")} />
				<SeverityFilter />
				<Filter
					name="kev"
					label={t("vulnerability.exploited")}
					options={[
						["", t("vulnerability.anyExploited")],
						["true", t("vulnerability.kev.long")],
					]}
				/>
				<FixFilter />
				<Filter
					name="accepted"
					label={t("alerts.state")}
					options={[
						["", t("vulnerability.anyState")],
						["false", t("vulnerability.notAccepted")],
						["true", t("vulnerability.accepted")],
					]}
				/>
			</div>
			<ListTable
				label={t("nav.vulnerabilities")}
				list={list}
				columns={COLUMNS()}
				sorting={url.sorting}
				rowKey={(each) => each.id}
				rowHeight={52}
				href={(each) => `/vulnerabilities/${encodeURIComponent(each.id)}`}
				empty={
					filtered ? (
						<Empty icon="search" title={t("vulnerability.noMatch")} text={t("assets.noMatchText")} />
					) : (
						<Empty icon="check" title={t("vulnerability.none")} text={t("vulnerability.noneText")}>
							<Link href="/images" className="button">
								{t("nav.images")}
							</Link>
						</Empty>
					)
				}
			/>
		</>
	);
}

/** As many rows as the API gives. */
const HEAT_ROWS = 200;

/** Which counts have which colour here. */
function HeatScale({ steps }: { steps: HeatStep[] }) {
	if (steps.length === 0) return null;
	return (
		<div className="heat-scale push xs" title={t("heat.scaleText")}>
			<span className="muted" id="heat-scale">
				{t("heat.scale")}
			</span>
			<ul aria-labelledby="heat-scale">
				{steps.map(({ step, from, to }) => (
					<li key={step} className={`heat-cell heat-${step} num`}>
						{from === to ? number(from) : `${number(from)}–${number(to)}`}
					</li>
				))}
			</ul>
		</div>
	);
}

function HeatMap() {
	const url = useUrl();
	const by = url.one("by") === "namespace" ? "namespace" : "image";
	const heat = useAnswer<Heat>("/vulnerabilities/heat", { by });
	const columns = SEVERITIES.slice(0, 4);
	const steps = heatSteps(heat.data?.rows.flatMap((row) => columns.map((severity) => row.counts[severity])) ?? []);
	return (
		<>
			<div className="toolbar">
				<Segmented
					label={t("heat.by")}
					value={by}
					options={[
						["image", t("heat.image")],
						["namespace", t("heat.namespace")],
					]}
					onChange={(next) => url.change({ by: next === "image" ? null : next })}
				/>
				{heat.data && <HeatScale steps={steps} />}
			</div>
			<Answered query={heat}>
				{(data) =>
					data.rows.length === 0 ? (
						<div className="panel">
							<Empty icon="check" title={t("heat.none")} text={by === "namespace" ? t("heat.noneNamespace") : t("vulnerability.noneText")} />
						</div>
					) : (
						<div className="panel heat" tabIndex={0} role="group" aria-label={t("heat.title")}>
							<table>
								<caption className="sr-only">{t("heat.title")}</caption>
								<thead>
									<tr>
										<th scope="col">{by === "image" ? t("heat.image") : t("heat.namespace")}</th>
										{columns.map((severity) => (
											<th key={severity} scope="col" className={`heat-head tone-${severity}`}>
												<span className="severity">
													<Shape severity={severity} />
													{tValue("severity", severity)}
												</span>
											</th>
										))}
										<th scope="col" className="heat-number" title={t("vulnerability.kev.long")}>
											KEV
										</th>
										<th scope="col" className="heat-number">
											{t("heat.total")}
										</th>
									</tr>
								</thead>
								<tbody>
									{data.rows.map((row) => (
										<tr key={row.key}>
											<th scope="row" className="clip" title={row.name || row.key}>
												{by === "image" ? (
													<Link href={`/images/${encodeURIComponent(row.key)}`} className="link-strong">
														{row.name || shortDigest(row.key)}
													</Link>
												) : (
													row.name || row.key
												)}
												{row.unjudged > 0 && <span className="heat-note xs tone-unknown">{by === "image" ? t("images.unjudged") : t("heat.unjudged", { n: row.unjudged })}</span>}
											</th>
											{columns.map((severity) => {
												const count = row.counts[severity];
												const cell = count ? number(count) : row.unjudged ? "?" : "·";
												return (
													<td key={severity} className={`heat-cell heat-${heatStep(steps, count)}`}>
														{by === "image" && count ? <Link href={`/images/${encodeURIComponent(row.key)}?severity=${severity}`}>{cell}</Link> : cell}
													</td>
												);
											})}
											<td className="heat-number num">{row.kev ? <span className="badge tone-critical">{number(row.kev)}</span> : ""}</td>
											<td className="heat-number num">{totalOf(row.counts) || !row.unjudged ? number(totalOf(row.counts)) : "?"}</td>
										</tr>
									))}
								</tbody>
							</table>
							{data.rows.length >= HEAT_ROWS && <p className="xs muted">{t("heat.cut", { n: data.rows.length })}</p>}
						</div>
					)
				}
			</Answered>
		</>
	);
}

export default function VulnerabilitiesPage() {
	const url = useUrl();
	const heat = url.one("view") === "heat";
	return (
		<div className={heat ? "page" : "page fixed"}>
			<PageHead title={t("nav.vulnerabilities")}>
				<SavedViews />
				<Segmented
					label={t("assets.view")}
					value={heat ? "heat" : "list"}
					options={[
						["list", t("alerts.asList")],
						["heat", t("heat.title")],
					]}
					onChange={(view) => url.change({ view: view === "heat" ? "heat" : null })}
				/>
			</PageHead>
			{heat ? <HeatMap /> : <Table />}
		</div>
	);
}
