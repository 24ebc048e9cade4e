import { type ButtonHTMLAttributes, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, type TextareaHTMLAttributes, useEffect, useId, useRef, useState, useSyncExternalStore } from "react";
import { Link } from "wouter";
import { t } from "../i18n/index.ts";
import { dateTime, isOver, number, relativeTime } from "../logic/format.ts";
import { Icon, type IconName } from "./icons.tsx";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
	look?: "primary" | "danger" | "plain";
	icon?: IconName;
}

export function Button({ look, icon, children, className, ...rest }: ButtonProps) {
	return (
		<button type="button" {...rest} className={["button", look, className].filter(Boolean).join(" ")}>
			{icon && <Icon name={icon} />}
			{children}
		</button>
	);
}

export function IconButton({ icon, label, look = "plain", ...rest }: { icon: IconName; label: string } & ButtonProps) {
	return (
		<button type="button" {...rest} className={`button icon ${look}`} aria-label={label} title={label}>
			<Icon name={icon} />
		</button>
	);
}

export function Field({ label, hint, children }: { label: string; hint?: ReactNode; children: (props: { id: string; "aria-describedby"?: string }) => ReactNode }) {
	const id = useId();
	return (
		<div className="field">
			<label className="label" htmlFor={id}>
				{label}
			</label>
			{children({ id, "aria-describedby": hint ? `${id}-hint` : undefined })}
			{hint && (
				<span className="hint" id={`${id}-hint`}>
					{hint}
				</span>
			)}
		</div>
	);
}

type Labelled = { label: string; hint?: ReactNode };

export function TextField({ label, hint, ...rest }: Labelled & InputHTMLAttributes<HTMLInputElement>) {
	return (
		<Field label={label} hint={hint}>
			{(props) => <input className="input" {...props} {...rest} />}
		</Field>
	);
}

export function TextArea({ label, hint, ...rest }: Labelled & TextareaHTMLAttributes<HTMLTextAreaElement>) {
	return (
		<Field label={label} hint={hint}>
			{(props) => <textarea className="input" rows={3} {...props} {...rest} />}
		</Field>
	);
}

export function SelectField({ label, hint, options, ...rest }: Labelled & { options: [string, string][] } & SelectHTMLAttributes<HTMLSelectElement>) {
	return (
		<Field label={label} hint={hint}>
			{(props) => (
				<select className="input" {...props} {...rest}>
					{options.map(([value, text]) => (
						<option key={value} value={value}>
							{text}
						</option>
					))}
				</select>
			)}
		</Field>
	);
}

/** A list of choices in a toolbar, named for those who do not see what stands beside it. */
export function Choice({ label, value, options, onChange }: { label: string; value: string; options: [string, string][]; onChange: (value: string) => void }) {
	return (
		<select className="input compact" aria-label={label} value={value} onChange={(event) => onChange(event.target.value)}>
			{options.map(([key, text]) => (
				<option key={key} value={key}>
					{text}
				</option>
			))}
		</select>
	);
}

export function Check({ label, ...rest }: { label: ReactNode } & InputHTMLAttributes<HTMLInputElement>) {
	return (
		<label className="check">
			<input type="checkbox" {...rest} />
			<span>{label}</span>
		</label>
	);
}

/** Tells what is typed once the reader pauses, and at once on Enter. */
export function SearchInput({ value, onSearch, label }: { value: string; onSearch: (value: string) => void; label: string }) {
	const [text, setText] = useState(value);
	const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
	useEffect(() => setText(value), [value]);
	useEffect(() => () => clearTimeout(timer.current), []);
	return (
		<div className="search-input">
			<Icon name="search" />
			<input
				className="input compact"
				type="search"
				aria-label={label}
				placeholder={label}
				value={text}
				onChange={(event) => {
					setText(event.target.value);
					clearTimeout(timer.current);
					timer.current = setTimeout(() => onSearch(event.target.value), 300);
				}}
				onKeyDown={(event) => {
					if (event.key !== "Enter") return;
					clearTimeout(timer.current);
					onSearch(text);
				}}
			/>
		</div>
	);
}

export function Segmented<T extends string>({ label, value, options, onChange }: { label: string; value: T; options: [T, string][]; onChange: (value: T) => void }) {
	return (
		<div className="segmented" role="group" aria-label={label}>
			{options.map(([key, text]) => (
				<button key={key} type="button" aria-pressed={key === value} onClick={() => onChange(key)}>
					{text}
				</button>
			))}
		</div>
	);
}

export function Tabs({ label, tabs, current }: { label: string; tabs: { key: string; text: string; href: string; count?: number | null }[]; current: string }) {
	return (
		<nav className="tabs" aria-label={label}>
			{tabs.map((tab) => (
				<Link key={tab.key} href={tab.href} replace aria-current={tab.key === current ? "page" : undefined}>
					{tab.text}
					{tab.count != null && <span className="count num">{number(tab.count)}</span>}
				</Link>
			))}
		</nav>
	);
}

let ticks = 0;
let clock: ReturnType<typeof setInterval> | undefined;
const watchers = new Set<() => void>();

/** One clock for all times that are shown; it runs while there are any. */
function watchClock(tell: () => void) {
	watchers.add(tell);
	clock ??= setInterval(() => {
		ticks++;
		for (const each of watchers) each();
	}, 15_000);
	return () => {
		watchers.delete(tell);
		if (watchers.size > 0) return;
		clearInterval(clock);
		clock = undefined;
	};
}

export function Time({ at }: { at: string | null | undefined }) {
	useSyncExternalStore(watchClock, () => ticks);
	if (!at) return <span className="muted">{t("common.never")}</span>;
	return (
		<time dateTime={at} title={dateTime(at)} className="num">
			{relativeTime(at)}
		</time>
	);
}

/** When something ends, of which it is said that it has. */
export function Ends({ at }: { at: string | null | undefined }) {
	useSyncExternalStore(watchClock, () => ticks);
	if (!at) return <span className="muted">{t("common.noEnd")}</span>;
	if (isOver(at))
		return (
			<span className="badge tone-high" title={dateTime(at)}>
				{t("common.ended")}
			</span>
		);
	return <Time at={at} />;
}

export function CopyBox({ text, label }: { text: string; label: string }) {
	const [done, setDone] = useState(false);
	const box = useRef<HTMLElement>(null);
	return (
		<div className="copy">
			<code ref={box}>{text}</code>
			<Button
				icon={done ? "check" : "copy"}
				aria-label={label}
				onClick={async () => {
					try {
						await navigator.clipboard.writeText(text);
						setDone(true);
						setTimeout(() => setDone(false), 2_000);
					} catch {
						// Without the right to the clipboard the text is selected, ready for the keyboard.
						getSelection()?.selectAllChildren(box.current!);
					}
				}}
			>
				{done ? t("common.copied") : t("common.copy")}
			</Button>
		</div>
	);
}

export function Notice({ tone = "accent", icon = "info", children }: { tone?: string; icon?: IconName; children: ReactNode }) {
	return (
		<div className={`notice tone-${tone}`} role={tone === "critical" ? "alert" : undefined}>
			<Icon name={icon} />
			<div className="grow">{children}</div>
		</div>
	);
}

export function Panel({ title, aside, children, flush = false }: { title?: ReactNode; aside?: ReactNode; children: ReactNode; flush?: boolean }) {
	return (
		<section className="panel">
			{title && (
				<header>
					<h2>{title}</h2>
					{aside && <div className="push row small">{aside}</div>}
				</header>
			)}
			{flush ? children : <div className="body">{children}</div>}
		</section>
	);
}

/** What was sent, as it was, for who wants to see it. */
export function RawDocument({ title, doc }: { title: string; doc: unknown }) {
	return (
		<details className="panel">
			<summary className="raw-summary small">{title}</summary>
			<div className="body">
				<pre className="pre" tabIndex={0}>
					{JSON.stringify(doc, null, 2)}
				</pre>
			</div>
		</details>
	);
}

/** What somebody marked a thing with. */
export function Labels({ labels }: { labels: [string, string][] }) {
	return (
		<span className="row flow">
			{labels.map(([name, value]) => (
				<span key={name} className="tag" title={`${name}=${value}`}>
					{name}={value}
				</span>
			))}
		</span>
	);
}

export function Facts({ facts }: { facts: [string, ReactNode][] }) {
	return (
		<dl className="facts">
			{facts
				.filter(([, value]) => value !== undefined && value !== null && value !== false && value !== "")
				.flatMap(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={`${name}=`}>{value}</dd>])}
		</dl>
	);
}
