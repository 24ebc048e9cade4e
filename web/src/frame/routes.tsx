import { type ComponentType, type LazyExoticComponent, Suspense, lazy } from "react";
import { Link, Route, Switch } from "wouter";
import { t } from "../i18n/index.ts";
import { Empty, Skeleton } from "../kit/states.tsx";

const PAGES: [string, LazyExoticComponent<ComponentType<{ params: Record<string, string | undefined> }>>][] = [
	["/", lazy(() => import("../screens/overview.tsx"))],
	["/alerts", lazy(() => import("../screens/alerts.tsx"))],
	["/alerts/:id", lazy(() => import("../screens/alert.tsx"))],
	["/assets", lazy(() => import("../screens/assets.tsx"))],
	["/assets/:id", lazy(() => import("../screens/asset.tsx"))],
	["/images", lazy(() => import("../screens/images.tsx"))],
	["/images/:digest", lazy(() => import("../screens/image.tsx"))],
	["/vulnerabilities", lazy(() => import("../screens/vulnerabilities.tsx"))],
	["/vulnerabilities/:id", lazy(() => import("../screens/vulnerability.tsx"))],
	["/rules", lazy(() => import("../screens/rules.tsx"))],
	["/rules/files/:id", lazy(() => import("../screens/rule_file.tsx"))],
	["/rules/:id", lazy(() => import("../screens/rule.tsx"))],
	["/registries", lazy(() => import("../screens/registries.tsx"))],
	["/registries/:id", lazy(() => import("../screens/registry.tsx"))],
	["/intelligence", lazy(() => import("../screens/intelligence.tsx"))],
	["/agents", lazy(() => import("../screens/agents.tsx"))],
	["/agents/:id", lazy(() => import("../screens/agent.tsx"))],
	["/audit", lazy(() => import("../screens/audit.tsx"))],
	["/users", lazy(() => import("../screens/users.tsx"))],
	["/settings", lazy(() => import("../screens/settings.tsx"))],
];

export function Pages() {
	return (
		<Suspense
			fallback={
				<div className="page">
					<Skeleton lines={8} />
				</div>
			}
		>
			<Switch>
				{PAGES.map(([path, Page]) => (
					<Route key={path} path={path}>
						{(params) => <Page params={params as Record<string, string | undefined>} />}
					</Route>
				))}
				<Route>
					<div className="page">
						<h1 className="sr-only">{t("error.notFound")}</h1>
						<Empty title={t("error.notFound")} text={t("error.noPage")} icon="search">
							<Link href="/" className="button">
								{t("nav.overview")}
							</Link>
						</Empty>
					</div>
				</Route>
			</Switch>
		</Suspense>
	);
}
