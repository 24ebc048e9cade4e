import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Problem } from "../api/client.ts";
import { t } from "../i18n/index.ts";
import { Button, Notice } from "./controls.tsx";
import { Icon, type IconName } from "./icons.tsx";
import { sentenceOf } from "./toast.tsx";

/** Nothing to show: says why, and what to do next. */
export function Empty({ title, text, icon = "empty", children }: { title: string; text?: ReactNode; icon?: IconName; children?: ReactNode }) {
	return (
		<div className="state">
			<Icon name={icon} size={28} />
			<h2 className="title">{title}</h2>
			{text && <p className="text">{text}</p>}
			{children}
		</div>
	);
}

export function Failed({ error, again }: { error: unknown; again?: () => void }) {
	const status = error instanceof Problem ? error.status : undefined;
	const title = status === 403 ? t("error.forbidden") : status === 404 ? t("error.notFound") : status === 0 ? t("error.noAnswer") : t("error.failed");
	return (
		<div className="state" role="alert">
			<Icon name={status === 403 ? "lock" : "warning"} size={28} />
			<h2 className="title">{title}</h2>
			<p className="text wrap">{sentenceOf(error)}</p>
			{again && status !== 403 && status !== 404 && (
				<Button icon="refresh" onClick={again}>
					{t("common.again")}
				</Button>
			)}
		</div>
	);
}

/** What a change failed by, above what asked for it; nothing while it did not. */
export function ErrorNotice({ error }: { error: unknown }) {
	if (!error) return null;
	return (
		<Notice tone="critical" icon="warning">
			{sentenceOf(error)}
		</Notice>
	);
}

export function Skeleton({ lines = 5 }: { lines?: number }) {
	return (
		<div className="stack" role="status" aria-label={t("common.loading")}>
			{Array.from({ length: lines }, (_, index) => (
				<div key={index} className="skeleton" style={{ height: 14, width: `${92 - ((index * 17) % 40)}%` }} />
			))}
		</div>
	);
}

/** Waits for an answer, says why there is none, or shows it. */
export function Answered<T>({ query, children, lines }: { query: UseQueryResult<T, Error>; children: (data: T) => ReactNode; lines?: number }) {
	if (query.data !== undefined) return <>{children(query.data)}</>;
	if (query.isError) return <Failed error={query.error} again={() => query.refetch()} />;
	return (
		<div className="panel">
			<div className="body">
				<Skeleton lines={lines} />
			</div>
		</div>
	);
}
