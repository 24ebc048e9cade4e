import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { Problem, call, setCsrf } from "../api/client.ts";
import { queries } from "../api/queries.ts";
import type { Session, SignInWays } from "../api/types.ts";
import { currentLanguage, t } from "../i18n/index.ts";
import { Button, Notice, TextField } from "../kit/controls.tsx";
import { ErrorNotice } from "../kit/states.tsx";
import { sentenceOf } from "../kit/toast.tsx";
import { chooseLanguage } from "./preferences.ts";
import { SESSION_KEY, forgetSession } from "./session.tsx";

function Door({ title, text, children }: { title: string; text?: string; children: ReactNode }) {
	const other = currentLanguage() === "zh" ? "en" : "zh";
	return (
		<main className="door">
			<div className="door-box">
				<div className="row">
					<img src="/skep.svg" width="32" height="32" alt="" />
					<span className="door-brand">Skep</span>
					<button type="button" className="button plain push" lang={other === "zh" ? "zh-CN" : "en"} onClick={() => chooseLanguage(other)}>
						{other === "zh" ? "中文" : "English"}
					</button>
				</div>
				<h1>{title}</h1>
				{text && <p className="small muted">{text}</p>}
				{children}
			</div>
		</main>
	);
}

function enter(session: Session) {
	setCsrf(session.csrf);
	queries.setQueryData(SESSION_KEY, session);
}

export function SignIn({ ended }: { ended: boolean }) {
	const [name, setName] = useState("");
	const [password, setPassword] = useState("");
	const [code, setCode] = useState<string | null>(null);
	const [error, setError] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);
	const [ways, setWays] = useState<SignInWays | null>(null);
	useEffect(() => {
		call<SignInWays>("GET", "/session/ways").then(setWays, () => setWays(null));
	}, []);
	const submit = async (event: FormEvent) => {
		event.preventDefault();
		setBusy(true);
		setError(null);
		try {
			enter(await call<Session>("POST", "/session", { body: { name, password, ...(code ? { code: code.trim() } : {}) } }));
		} catch (problem) {
			if (problem instanceof Problem && problem.code === "totp-required" && code === null) setCode("");
			else setError(problem);
		} finally {
			setBusy(false);
		}
	};
	return (
		<Door title={t("signIn.title")}>
			<form className="stack" onSubmit={submit}>
				{ended && !error && <Notice tone="accent" icon="lock">{t("signIn.ended")}</Notice>}
				<ErrorNotice error={error} />
				<TextField label={t("signIn.name")} autoComplete="username" autoFocus required value={name} onChange={(event) => setName(event.target.value)} />
				<TextField label={t("signIn.password")} type="password" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.target.value)} />
				{code !== null && (
					<TextField
						label={t("signIn.code")}
						hint={t("signIn.codeHint")}
						inputMode="numeric"
						autoComplete="one-time-code"
						autoFocus
						required
						value={code}
						onChange={(event) => setCode(event.target.value)}
					/>
				)}
				<Button look="primary" type="submit" disabled={busy}>
					{busy ? t("signIn.busy") : t("signIn.submit")}
				</Button>
				{ways?.oidc && (
					<a className="button" href="/api/v1/session/oidc">
						{t("signIn.provider")}
					</a>
				)}
			</form>
		</Door>
	);
}

export function ChangePasswordForm({ onDone, autoFocus }: { onDone: () => void; autoFocus?: boolean }) {
	const [old, setOld] = useState("");
	const [wanted, setWanted] = useState("");
	const [again, setAgain] = useState("");
	const [error, setError] = useState<string | null>(null);
	const [busy, setBusy] = useState(false);
	const submit = async (event: FormEvent) => {
		event.preventDefault();
		if (wanted !== again) {
			setError(t("password.differ"));
			return;
		}
		setBusy(true);
		setError(null);
		try {
			await call("POST", "/session/password", { body: { old, new: wanted } });
			onDone();
		} catch (problem) {
			setError(sentenceOf(problem));
		} finally {
			setBusy(false);
		}
	};
	return (
		<form className="stack" onSubmit={submit}>
			{error && (
				<Notice tone="critical" icon="warning">
					{error}
				</Notice>
			)}
			<TextField label={t("password.old")} type="password" autoFocus={autoFocus} autoComplete="current-password" required value={old} onChange={(event) => setOld(event.target.value)} />
			<TextField label={t("password.new")} type="password" autoComplete="new-password" required value={wanted} onChange={(event) => setWanted(event.target.value)} />
			<TextField label={t("password.again")} type="password" autoComplete="new-password" required value={again} onChange={(event) => setAgain(event.target.value)} />
			<Button look="primary" type="submit" disabled={busy}>
				{t("password.submit")}
			</Button>
		</form>
	);
}

export function FirstPassword() {
	return (
		<Door title={t("password.first")} text={t("password.firstText")}>
			<ChangePasswordForm autoFocus onDone={() => queries.invalidateQueries({ queryKey: SESSION_KEY })} />
			<Button
				look="plain"
				onClick={async () => {
					await call("DELETE", "/session").catch(() => {});
					forgetSession();
				}}
			>
				{t("user.signOut")}
			</Button>
		</Door>
	);
}
