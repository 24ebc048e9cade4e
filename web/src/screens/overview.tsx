import { Link } from "wouter";
import { useAnswer } from "../api/queries.ts";
import type { Overview } from "../api/types.ts";
import { useMay } from "../app/session.tsx";
import { pick, t, tValue } from "../i18n/index.ts";
import { BAND_TONE, Histogram, RiskDial, StackedBar, TimeAxis } from "../kit/charts.tsx";
import { Notice, Panel, Time } from "../kit/controls.tsx";
import { Factors } from "../kit/factors.tsx";
import { ASSET_ICON, Icon } from "../kit/icons.tsx";
import { PageHead } from "../kit/page_head.tsx";
import { Shape } from "../kit/severity.tsx";
import { Answered, Empty } from "../kit/states.tsx";
import { Tile } from "../kit/tile.tsx";
import { number, points, shortIds, shortNumber } from "../logic/format.ts";
import { hrefOf, placeOf } from "../logic/asset.ts";
import { PRIORITIES, PRIORITY_LOOK, SEVERITIES, totalOf } from "../logic/severity.ts";
import "./overview.css";

const HOUR_MS = 3_600_000;

function Body({ data }: { data: Overview }) {
	const { counts, findings, risk, alertSeries: hours } = data;
	const mayAgents = useMay("agents.read");
	if (counts.agents === 0 && counts.hosts === 0)
		return (
			<div className="panel">
				<Empty icon="agents" title={t("overview.noAgents")} text={t("overview.noAgentsText")}>
					{mayAgents && (
						<Link href="/agents?enrol=1" className="button primary">
							{t("agents.enrol")}
						</Link>
					)}
				</Empty>
			</div>
		);
	const alerts = totalOf(data.alerts24h);
	return (
		<>
			{data.database.ageDays != null && data.database.ageDays > 7 && (
				<Notice tone="medium" icon="warning">
					{t("overview.oldDatabase", { n: Math.round(data.database.ageDays) })}
				</Notice>
			)}
			{data.clockAheadDays != null && (
				<Notice tone="medium" icon="warning">
					{t("overview.clockAhead", { n: data.clockAheadDays })}
				</Notice>
			)}
			<div className="tiles">
				<Tile label={t("overview.hosts")} value={shortNumber(counts.hosts)} href="/assets?kind=host" />
				<Tile label={t("overview.containers")} value={shortNumber(counts.containers)} href="/assets?kind=container" />
				<Tile
					label={t("overview.images")}
					value={shortNumber(findings.imagesScanned + findings.imagesWaiting)}
					note={findings.imagesWaiting ? t("overview.waiting", { n: findings.imagesWaiting }) : t("overview.scanned", { n: findings.imagesScanned })}
					href="/images?running=true"
				/>
				<Tile
					label={t("overview.agents")}
					value={shortNumber(counts.agents)}
					note={counts.agentsSilent ? t("overview.silent", { n: counts.agentsSilent }) : counts.agents ? t("overview.allHealthy") : undefined}
					href="/agents"
				/>
				<Tile label={t("overview.openAlerts")} value={shortNumber(data.alertsOpen)} note={t("overview.last24h")} href="/alerts?state=open" />
				<Tile label={t("overview.kev")} value={shortNumber(findings.kev)} note={t("overview.fixable", { n: findings.fixable })} href="/vulnerabilities?kev=true" />
			</div>

			<div className="overview-grid">
				<Panel title={t("risk.title")}>
					<div className="risk">
						<RiskDial score={risk.score} band={risk.band} />
						<p className="small muted">{t("risk.explained")}</p>
					</div>
					{risk.factors.length > 0 ? <Factors factors={risk.factors} /> : <p className="small muted">{t("risk.none")}</p>}
				</Panel>

				<div className="stack wide-gap">
					<Panel
						title={t("overview.alerts24h")}
						aside={
							<Link href="/alerts">
								{t("overview.allAlerts")}
							</Link>
						}
					>
						{alerts === 0 ? (
							<p className="small muted">{t("overview.noAlerts")}</p>
						) : (
							<div className="stack">
								<div>
									<Histogram buckets={hours} label={t("overview.alerts24h")} />
									{hours.length > 0 && <TimeAxis from={hours[0]!.time} to={new Date(Date.parse(hours.at(-1)!.time) + HOUR_MS).toISOString()} />}
								</div>
								<ul className="legend">
									{PRIORITIES.filter((priority) => data.alerts24h[priority] > 0).map((priority) => (
										<li key={priority} className={`tone-${PRIORITY_LOOK[priority]}`}>
											<Link href={`/alerts?priority=${priority}`} className="legend-item">
												<span className="severity">
													<Shape severity={PRIORITY_LOOK[priority]} />
													{tValue("priority", priority)}
												</span>
												<b className="num">{number(data.alerts24h[priority])}</b>
											</Link>
										</li>
									))}
								</ul>
							</div>
						)}
					</Panel>

					<Panel title={t("overview.worst")}>
						{data.worst.length === 0 ? (
							<p className="small muted">{t("overview.noWorst")}</p>
						) : (
							<ol className="worst">
								{data.worst.map((each) => (
									<li key={each.id}>
										<Link href={hrefOf(each.kind, each.id)} className="worst-item">
											<Icon name={ASSET_ICON[each.kind] ?? "assets"} />
											<span className="grow">
												<span className="link-strong clip block">{shortIds(each.name)}</span>
												<span className="xs muted wrap block">{placeOf(each)}</span>
												<span className="small muted clip block">{each.factors.filter((factor) => factor.points > 0).map((factor) => shortIds(pick(factor.why, factor.whyZh))).slice(0, 2).join(" · ")}</span>
											</span>
											<span className={`score tone-${BAND_TONE[each.band]}`} title={tValue("band", each.band)}>{points(each.score)}</span>
										</Link>
									</li>
								))}
							</ol>
						)}
					</Panel>
				</div>

				<div className="stack wide-gap">
					<Panel
						title={t("overview.findings")}
						aside={
							<Link href="/vulnerabilities">
								{t("overview.allVulnerabilities")}
							</Link>
						}
					>
						<div className="stack">
							{totalOf(findings.counts) === 0 && <p className="small muted">{findings.imagesScanned ? t("overview.noFindings") : t("overview.notScanned")}</p>}
							{totalOf(findings.counts) > 0 && (
								<>
									<StackedBar parts={SEVERITIES.map((severity) => ({ tone: severity, value: findings.counts[severity] }))} />
									<ul className="legend">
										{SEVERITIES.filter((severity) => findings.counts[severity] > 0).map((severity) => (
											<li key={severity} className={`tone-${severity}`}>
												<Link href={`/vulnerabilities?severity=${severity}`} className="legend-item">
													<span className="severity">
														<Shape severity={severity} />
														{tValue("severity", severity)}
													</span>
													<b className="num">{number(findings.counts[severity])}</b>
												</Link>
											</li>
										))}
									</ul>
								</>
							)}
							{findings.imagesUnjudged > 0 && (
								<Notice tone="unknown" icon="info">
									{t("overview.unjudged", { n: findings.imagesUnjudged })}
								</Notice>
							)}
							{findings.accepted > 0 && <p className="small muted">{t("overview.accepted", { n: findings.accepted })}</p>}
						</div>
					</Panel>

					<Panel title={t("overview.changes")}>
						{data.changes.length === 0 ? (
							<p className="small muted">{t("overview.noChanges")}</p>
						) : (
							<ol className="changes">
								{data.changes.map((change, index) => {
									const what = shortIds(pick(change.what, change.whatZh));
									return (
										<li key={index}>
											<span className="wrap">{change.asset ? <Link href={hrefOf(change.asset.split(":", 1)[0]!, change.asset)}>{what}</Link> : what}</span>
											<span className="muted xs">
												<Time at={change.time} />
											</span>
										</li>
									);
								})}
							</ol>
						)}
					</Panel>
				</div>
			</div>
		</>
	);
}

export default function OverviewPage() {
	const overview = useAnswer<Overview>("/overview", undefined, { refetchMs: 60_000 });
	return (
		<div className="page">
			<PageHead title={t("nav.overview")} />
			<Answered query={overview} lines={12}>
				{(data) => <Body data={data} />}
			</Answered>
		</div>
	);
}
