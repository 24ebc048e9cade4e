import { Link } from "wouter";
import type { RiskFactor } from "../api/types.ts";
import { pick, t, tValue } from "../i18n/index.ts";
import { points, shortIds } from "../logic/format.ts";
import { Meter } from "./charts.tsx";

/** The page that lists what a factor counted. */
const FACTOR_PAGE: Record<string, string> = {
	vulnerabilities: "/vulnerabilities?severity=critical",
	exploited: "/vulnerabilities?kev=true",
	exposure: "/assets?kind=port",
	privilege: "/assets?kind=container",
	alerts: "/alerts?state=open&span=24h",
	coverage: "/images",
};

/** Where none is known to be exploited, those that likely will be count. */
const LIKELY = "/vulnerabilities?sort=-epss";

/** What a risk is made of, each with its reason and the page that lists it. */
export function Factors({ factors }: { factors: RiskFactor[] }) {
	return (
		<ul className="factors">
			{factors.map((factor) => {
				const href = factor.value > 0 ? FACTOR_PAGE[factor.name] : factor.name === "exploited" && factor.points > 0 ? LIKELY : undefined;
				const why = shortIds(pick(factor.why, factor.whyZh));
				const share = factor.max > 0 ? factor.points / factor.max : 0;
				return (
					<li key={factor.name} className="factor">
						<div className="row">
							<span className="factor-name">{tValue("factor", factor.name)}</span>
							<span className="muted xs num push">{t("risk.points", { points: points(factor.points), max: points(factor.max) })}</span>
						</div>
						<Meter share={share} tone={share > 0.66 ? "critical" : share > 0.33 ? "high" : share > 0 ? "medium" : "good"} />
						<p className="small muted">{href ? <Link href={href}>{why}</Link> : why}</p>
					</li>
				);
			})}
		</ul>
	);
}
