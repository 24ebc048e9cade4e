import { useEffect, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { call } from "../api/client.ts";
import { useAnswer, useChange } from "../api/queries.ts";
import type { DryRunResult, RuleCheck, RuleFile, RuleProblem } from "../api/types.ts";
import { useRuleName } from "../app/rule_name.ts";
import { useMay } from "../app/session.tsx";
import { t } from "../i18n/index.ts";
import { Button, Check, Choice, Panel, TextField } from "../kit/controls.tsx";
import { Icon } from "../kit/icons.tsx";
import { PageHead } from "../kit/page_head.tsx";
import { Answered, ErrorNotice } from "../kit/states.tsx";
import { sentenceOf, toast } from "../kit/toast.tsx";
import { number } from "../logic/format.ts";
import "./rule_file.css";

const TEMPLATE = `- rule: Shell in my shop
  desc: >
    Somebody runs a shell in a container of the shop.
  condition: >
    program_starts and inside and
    proc.name in (shells) and
    container.image.repository contains "shop"
  output: >
    Shell in the shop (command=%proc.cmdline user=%user.name container=%container.name)
  priority: WARNING
  tags: [local]
`;

/** What is wrong, as it is typed: asked of the console a moment after the last key. */
function useCheck(text: string, on: boolean) {
	const [check, setCheck] = useState<RuleCheck | null>(null);
	const [error, setError] = useState<unknown>(null);
	useEffect(() => {
		if (!on) return;
		const stop = new AbortController();
		const timer = setTimeout(async () => {
			try {
				setCheck(await call<RuleCheck>("POST", "/rules/check", { body: { text }, signal: stop.signal }));
				setError(null);
			} catch (problem) {
				if (!stop.signal.aborted) setError(problem);
			}
		}, 400);
		return () => {
			clearTimeout(timer);
			stop.abort();
		};
	}, [text, on]);
	return { check, error };
}

function Editor({ text, onText, problems, readOnly, goto }: { text: string; onText: (text: string) => void; problems: RuleProblem[]; readOnly: boolean; goto: { line: number } | null }) {
	const area = useRef<HTMLTextAreaElement>(null);
	const gutter = useRef<HTMLDivElement>(null);
	const lines = text.split("\n").length;
	const marks = new Map(problems.filter((problem) => problem.line > 0).map((problem) => [problem.line, problem.level]));
	useEffect(() => {
		if (!goto || !area.current) return;
		const before = area.current.value.split("\n").slice(0, goto.line - 1).join("\n").length + (goto.line > 1 ? 1 : 0);
		const end = area.current.value.indexOf("\n", before);
		area.current.focus();
		area.current.setSelectionRange(before, end < 0 ? area.current.value.length : end);
		area.current.scrollTop = Math.max(0, (goto.line - 5) * 20);
	}, [goto]);
	return (
		<div className="editor">
			<div className="editor-gutter" ref={gutter} aria-hidden="true">
				{Array.from({ length: lines }, (_, index) => (
					<div key={index} className={marks.has(index + 1) ? `marked ${marks.get(index + 1)}` : undefined}>
						{index + 1}
					</div>
				))}
			</div>
			<textarea
				ref={area}
				aria-label={t("rules.text")}
				value={text}
				readOnly={readOnly}
				spellCheck={false}
				autoCapitalize="off"
				wrap="off"
				onChange={(event) => onText(event.target.value)}
				onScroll={(event) => {
					if (gutter.current) gutter.current.scrollTop = event.currentTarget.scrollTop;
				}}
			/>
		</div>
	);
}

function Problems({ problems, onGo }: { problems: RuleProblem[]; onGo: (line: number) => void }) {
	return (
		<ul className="stack tight">
			{problems.map((problem, index) => (
				<li key={index}>
					<button type="button" className="problem" onClick={() => onGo(Math.max(1, problem.line))}>
						<span className={`tone-${problem.level === "error" ? "critical" : "medium"} problem-mark`}>
							<Icon name={problem.level === "error" ? "close" : "warning"} size={14} />
							<span className="sr-only">{problem.level === "error" ? t("rules.error") : t("rules.warning")}</span>
						</span>
						<span className="grow">
							<span className="small wrap">{problem.message}</span>
							<span className="xs muted mono block">
								{problem.line > 0 ? `${problem.line}:${problem.column} ` : ""}
								{problem.item ?? ""} {problem.code}
							</span>
						</span>
					</button>
				</li>
			))}
		</ul>
	);
}

const DRY_SPANS: [string, number][] = [
	["1h", 1],
	["24h", 24],
	["7d", 168],
	["30d", 720],
];

function DryRun({ text }: { text: string }) {
	const ruleName = useRuleName();
	const [span, setSpan] = useState("24h");
	const run = useChange<void, DryRunResult>(() => {
		const hours = DRY_SPANS.find(([name]) => name === span)![1];
		return { method: "POST", path: "/rules/dry-run", body: { text, since: new Date(Date.now() - hours * 3_600_000).toISOString() } };
	}, []);
	return (
		<Panel title={t("dryRun.title")}>
			<div className="stack">
				<p className="small muted">{t("dryRun.text")}</p>
				<div className="row">
					<Choice label={t("alerts.span")} value={span} options={DRY_SPANS.map(([name]) => [name, t(`span.${name}` as "span.1h")])} onChange={setSpan} />
					<Button icon="play" disabled={run.isPending} onClick={() => run.mutate()}>
						{run.isPending ? t("dryRun.busy") : t("dryRun.run")}
					</Button>
				</div>
				<ErrorNotice error={run.error} />
				{run.data && (
					<div className="stack tight" role="status">
						<p className="small">
							{t("dryRun.judged", { n: run.data.judged })}
							{run.data.cut && ` ${t("dryRun.cut")}`}
						</p>
						{run.data.matched.length === 0 && <p className="small muted">{t("dryRun.nothing")}</p>}
						{run.data.matched.map((match) => (
							<div key={match.rule} className="dry-match">
								<div className="row">
									<b className="small clip">{ruleName(match.rule)}</b>
									<span className={`badge tone-${match.count ? "high" : "neutral"} push`}>{t("dryRun.fires", { n: match.count })}</span>
								</div>
								{match.unknown > 0 && <p className="xs muted">{t("dryRun.unknown", { n: match.unknown })}</p>}
								<div className="row flow">
									{match.examples.slice(0, 8).map((id) => (
										<Link key={id} href={`/alerts/${id}`} className="tag mono">
											{id}
										</Link>
									))}
								</div>
							</div>
						))}
					</div>
				)}
			</div>
		</Panel>
	);
}

function Body({ file }: { file: RuleFile | null }) {
	const mayWrite = useMay("rules.write");
	const [, navigate] = useLocation();
	const [name, setName] = useState(file?.name ?? "local.yaml");
	const [text, setText] = useState(file?.text ?? TEMPLATE);
	const [enabled, setEnabled] = useState(file?.enabled ?? true);
	const [goto, setGoto] = useState<{ line: number } | null>(null);
	const { check, error } = useCheck(text, mayWrite);
	const problems = check?.problems ?? [];
	const broken = problems.some((problem) => problem.level === "error");
	const changed = !file || name !== file.name || text !== file.text || enabled !== file.enabled;

	const save = useChange<void, RuleFile>(
		() => ({ method: file ? "PUT" : "POST", path: file ? `/rule-files/${encodeURIComponent(file.id)}` : "/rule-files", body: { name, text, enabled } }),
		["/rule-files", "/rules"],
		(saved) => {
			toast(t("rules.saved", { name }));
			if (!file && saved) navigate(`/rules/files/${encodeURIComponent(saved.id)}`, { replace: true });
		},
	);
	const remove = useChange<void, void>(
		() => ({ method: "DELETE", path: `/rule-files/${encodeURIComponent(file!.id)}` }),
		["/rule-files", "/rules"],
		() => {
			toast(t("rules.removed", { name }));
			navigate("/rules?tab=files");
		},
	);
	useEffect(() => {
		if (!changed) return;
		const ask = (event: BeforeUnloadEvent) => event.preventDefault();
		addEventListener("beforeunload", ask);
		return () => removeEventListener("beforeunload", ask);
	}, [changed]);

	return (
		<>
			<PageHead title={file ? file.name : t("rules.newFile")} back={{ href: "/rules?tab=files", text: t("rules.files") }}>
				{file && mayWrite && (
					<Button look="danger" disabled={remove.isPending} onClick={() => confirm(t("rules.removeAsk", { name })) && remove.mutate()}>
						{t("common.remove")}
					</Button>
				)}
				{mayWrite && (
					<Button look="primary" disabled={!changed || broken || save.isPending || !name.trim()} onClick={() => save.mutate()}>
						{t("common.save")}
					</Button>
				)}
			</PageHead>
			<ErrorNotice error={save.error ?? remove.error} />
			<div className="split">
				<div className="stack">
					<div className="row flow">
						<div className="file-name">
							<TextField label={t("rules.fileName")} value={name} readOnly={!mayWrite} onChange={(event) => setName(event.target.value)} />
						</div>
						<Check label={t("rules.judge")} checked={enabled} disabled={!mayWrite} onChange={(event) => setEnabled(event.target.checked)} />
					</div>
					<Editor text={text} onText={setText} problems={problems} readOnly={!mayWrite} goto={goto} />
				</div>
				<div className="stack wide">
					<Panel title={t("rules.check")}>
						{error !== null ? (
							<p className="small">{sentenceOf(error)}</p>
						) : !check ? (
							<p className="small muted">{t("rules.checking")}</p>
						) : problems.length > 0 ? (
							<Problems problems={problems} onGo={(line) => setGoto({ line })} />
						) : (
							<p className="small row">
								<span className="tone-good problem-mark">
									<Icon name="check" />
								</span>
								{t("rules.fine", { n: check.rules })}
							</p>
						)}
						{check && (
							<p className="xs muted">
								{t("rules.counts", { rules: number(check.rules), macros: number(check.macros), lists: number(check.lists) })}
							</p>
						)}
					</Panel>
					<DryRun text={text} />
				</div>
			</div>
		</>
	);
}

export default function RuleFilePage({ params }: { params: Record<string, string | undefined> }) {
	const id = decodeURIComponent(params.id ?? "");
	const file = useAnswer<RuleFile>(id === "new" ? null : `/rule-files/${encodeURIComponent(id)}`);
	return <div className="page">{id === "new" ? <Body file={null} /> : <Answered query={file}>{(data) => <Body key={data.id} file={data} />}</Answered>}</div>;
}
