import { useState } from "react";
import { Link } from "wouter";
import { useAnswer } from "../api/queries.ts";
import type { Facets, Rule } from "../api/types.ts";
import { useMay } from "../app/session.tsx";
import { pick, t, tValue } from "../i18n/index.ts";
import { Check, Facts, Notice, Panel, SelectField } from "../kit/controls.tsx";
import { PageHead } from "../kit/page_head.tsx";
import { PriorityMark } from "../kit/severity.tsx";
import { Answered } from "../kit/states.tsx";
import { toastError } from "../kit/toast.tsx";
import { PRIORITIES } from "../logic/severity.ts";
import { useRuleSwitch } from "./rules.tsx";

function Body({ rule }: { rule: Rule }) {
	const mayWrite = useMay("rules.write");
	const mayAlerts = useMay("alerts.read");
	const [since] = useState(() => new Date(Date.now() - 86_400_000).toISOString());
	const alerts = useAnswer<Facets>(mayAlerts ? "/alerts/facets" : null, { rule: [rule.name], since });
	const change = useRuleSwitch();
	const advice = pick(rule.advice, rule.adviceZh);
	return (
		<>
			<PageHead title={pick(rule.name, rule.nameZh)} back={{ href: "/rules", text: t("nav.rules") }} before={<PriorityMark priority={rule.priority} />}>
				{mayAlerts && (
					<Link href={`/alerts?rule=${encodeURIComponent(rule.name)}&span=24h`} className="button">
						{alerts.data ? t("rules.showAlerts", { n: alerts.data.total }) : t("nav.alerts")}
					</Link>
				)}
			</PageHead>
			<p className="measure">{pick(rule.description, rule.descriptionZh)}</p>
			<div className="split">
				<div className="stack wide">
					<Panel title={t("rules.condition")}>
						<pre className="pre" tabIndex={0}>
							{rule.condition}
						</pre>
					</Panel>
					<Panel title={t("rules.output")}>
						<pre className="pre" tabIndex={0}>
							{pick(rule.output, rule.outputZh)}
						</pre>
					</Panel>
					{advice && (
						<Notice tone="good" icon="check">
							{advice}
						</Notice>
					)}
				</div>
				<div className="stack wide">
					<Panel title={t("rules.steer")}>
						<div className="stack">
							<Check
								label={t("rules.judge")}
								role="switch"
								checked={rule.enabled}
								disabled={!mayWrite || change.isPending}
								onChange={(event) => change.mutate({ rule, enabled: event.target.checked }, { onError: toastError })}
							/>
							<SelectField
								label={t("alerts.priority")}
								value={rule.priority}
								options={PRIORITIES.map((each) => [each, tValue("priority", each)])}
								disabled={!mayWrite || change.isPending}
								onChange={(event) => change.mutate({ rule, enabled: rule.enabled, priority: event.target.value as Rule["priority"] }, { onError: toastError })}
							/>
							{!mayWrite && <p className="xs muted">{t("rules.mayNot")}</p>}
						</div>
					</Panel>
					<Panel title={t("asset.facts")}>
						<Facts
							facts={[
								[t("rules.name"), pick(rule.name, rule.nameZh) !== rule.name && <code key="name">{rule.name}</code>],
								[t("rules.id"), <code key="id">{rule.id}</code>],
								[t("rules.maturity"), rule.maturity && tValue("maturity", rule.maturity)],
								["ATT&CK", rule.mitre],
								[t("rules.source"), `${rule.source}:${rule.line}`],
								[
									t("alert.tags"),
									<span key="tags" className="row flow">
										{rule.tags.map((tag) => (
											<Link key={tag} href={`/rules?tag=${encodeURIComponent(tag)}`} className="tag">
												{tag}
											</Link>
										))}
									</span>,
								],
							]}
						/>
					</Panel>
				</div>
			</div>
		</>
	);
}

export default function RulePage({ params }: { params: Record<string, string | undefined> }) {
	const rule = useAnswer<Rule>(`/rules/${encodeURIComponent(decodeURIComponent(params.id ?? ""))}`);
	return (
		<div className="page">
			<Answered query={rule}>{(data) => <Body rule={data} />}</Answered>
		</div>
	);
}
