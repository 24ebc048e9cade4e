import { type FormEvent, useState } from "react";
import { call } from "../api/client.ts";
import { queries, useAnswer, useChange, useList } from "../api/queries.ts";
import type { ApiToken, ApiTokenCreated, Settings, TotpRecovery, TotpSecret } from "../api/types.ts";
import { SESSION_KEY, useMay, useSession } from "../app/session.tsx";
import { ChangePasswordForm } from "../app/signin.tsx";
import { useUrl } from "../app/url.ts";
import { t, tValue } from "../i18n/index.ts";
import { Button, Check, CopyBox, Ends, Notice, Panel, SelectField, Tabs, TextField, Time } from "../kit/controls.tsx";
import { Dialog, DialogFoot, ShownOnce } from "../kit/dialog.tsx";
import { PageHead } from "../kit/page_head.tsx";
import { Answered, Empty, ErrorNotice } from "../kit/states.tsx";
import { ListTable } from "../kit/table.tsx";
import { toast, toastError } from "../kit/toast.tsx";
import { readSize, sizeText } from "../logic/format.ts";
import { Notifications } from "./notifications.tsx";

type NumberSetting = Exclude<keyof Settings, "scanImages">;

const NUMBERS: [NumberSetting, number, number][] = [
	["retentionDays", 1, 3650],
	["retentionBytes", 0, 1024 ** 5],
	["flowRetentionDays", 1, 3650],
	["auditRetentionDays", 180, 3650],
	["sessionIdleMinutes", 1, 1440],
	["sessionHours", 1, 720],
	["passwordMinLength", 8, 128],
	["passwordDays", 0, 3650],
	["agentSilentSeconds", 30, 86400],
];

/** Sizes are written with their unit; the form takes what is none by telling so. */
function SizeField({ label, hint, value, max, readOnly, onSize }: { label: string; hint: string; value: number; max: number; readOnly: boolean; onSize: (size: number) => void }) {
	const [text, setText] = useState(sizeText(value));
	const change = (input: HTMLInputElement) => {
		const size = readSize(input.value);
		const good = size !== undefined && size <= max;
		input.setCustomValidity(good ? "" : t("settings.noSize", { max: sizeText(max) }));
		setText(input.value);
		if (good) onSize(size);
	};
	return <TextField label={label} hint={hint} readOnly={readOnly} required value={text} onChange={(event) => change(event.target)} />;
}

function GeneralForm({ settings }: { settings: Settings }) {
	const may = useMay("settings.write");
	const [draft, setDraft] = useState(settings);
	const save = useChange<Partial<Settings>, Settings>(
		(body) => ({ method: "PATCH", path: "/settings", body }),
		["/settings"],
		() => toast(t("settings.saved")),
	);
	const changed = Object.fromEntries(Object.entries(draft).filter(([name, value]) => settings[name as keyof Settings] !== value)) as Partial<Settings>;
	const submit = (event: FormEvent) => {
		event.preventDefault();
		save.mutate(changed);
	};
	return (
		<form className="panel" onSubmit={submit}>
			<div className="body settings-form">
				<ErrorNotice error={save.error} />
				{NUMBERS.map(([name, min, max]) => {
					const props = { label: tValue("setting", name), hint: tValue("settingHint", name), max, readOnly: !may };
					const set = (value: number) => setDraft({ ...draft, [name]: value });
					return name.endsWith("Bytes") ? (
						<SizeField key={name} {...props} value={settings[name]} onSize={set} />
					) : (
						<TextField key={name} {...props} type="number" min={min} required value={draft[name]} onChange={(event) => set(Number(event.target.value))} />
					);
				})}
				<Check label={t("setting.scanImages")} checked={draft.scanImages} disabled={!may} onChange={(event) => setDraft({ ...draft, scanImages: event.target.checked })} />
				{may && (
					<div>
						<Button look="primary" type="submit" disabled={Object.keys(changed).length === 0 || save.isPending}>
							{t("common.save")}
						</Button>
					</div>
				)}
			</div>
		</form>
	);
}

function General() {
	const settings = useAnswer<Settings>("/settings");
	return <Answered query={settings}>{(data) => <GeneralForm key={JSON.stringify(data)} settings={data} />}</Answered>;
}

function TotpPanel() {
	const { user } = useSession();
	const [secret, setSecret] = useState<TotpSecret | null>(null);
	const [code, setCode] = useState("");
	const [recovery, setRecovery] = useState<string[] | null>(null);
	const [error, setError] = useState<unknown>(null);
	const again = () => queries.invalidateQueries({ queryKey: SESSION_KEY });
	const act = async (fn: () => Promise<void>) => {
		try {
			setError(null);
			await fn();
		} catch (problem) {
			setError(problem);
		}
	};
	return (
		<Panel title={t("totp.title")}>
			<div className="stack">
				<ErrorNotice error={error} />
				{recovery && (
					<Notice icon="lock">
						<div className="stack">
							<p>{t("totp.recovery")}</p>
							<CopyBox text={recovery.join(" ")} label={t("totp.copyRecovery")} />
						</div>
					</Notice>
				)}
				{user.totp ? (
					<>
						<p className="small">{t("totp.on")}</p>
						<div>
							<Button
								look="danger"
								onClick={() =>
									act(async () => {
										await call("DELETE", "/session/totp");
										await again();
									})
								}
							>
								{t("totp.remove")}
							</Button>
						</div>
					</>
				) : secret ? (
					<form
						className="stack"
						onSubmit={(event) => {
							event.preventDefault();
							act(async () => {
								const made = await call<TotpRecovery>("POST", "/session/totp/confirm", { body: { code: code.trim() } });
								setRecovery(made.recoveryCodes);
								setSecret(null);
								toast(t("totp.done"));
								await again();
							});
						}}
					>
						<p className="small">{t("totp.scan")}</p>
						<CopyBox text={secret.secret} label={t("totp.copy")} />
						<p className="xs muted wrap mono">{secret.uri}</p>
						<TextField label={t("signIn.code")} inputMode="numeric" autoComplete="one-time-code" required value={code} onChange={(event) => setCode(event.target.value)} />
						<div>
							<Button look="primary" type="submit">
								{t("totp.confirm")}
							</Button>
						</div>
					</form>
				) : (
					<>
						<p className="small muted">{t("totp.text")}</p>
						<div>
							<Button onClick={() => act(async () => setSecret(await call<TotpSecret>("POST", "/session/totp")))}>{t("totp.add")}</Button>
						</div>
					</>
				)}
			</div>
		</Panel>
	);
}

function TokenDialog({ onClose }: { onClose: () => void }) {
	const { permissions } = useSession();
	const [name, setName] = useState("");
	const [chosen, setChosen] = useState<string[]>([]);
	const [days, setDays] = useState("90");
	const make = useChange<void, ApiTokenCreated>(
		() => ({ method: "POST", path: "/tokens", body: { name, permissions: chosen, expires: new Date(Date.now() + Number(days) * 86_400_000).toISOString() } }),
		["/tokens"],
	);
	return (
		<Dialog title={t("tokens.new")} onClose={onClose}>
			{make.data ? (
				<ShownOnce text={t("tokens.once")} secret={make.data.secret} copy={t("tokens.copy")} onClose={onClose} />
			) : (
				<form
					className="stack"
					onSubmit={(event) => {
						event.preventDefault();
						make.mutate();
					}}
				>
					<ErrorNotice error={make.error} />
					<TextField label={t("tokens.name")} required value={name} onChange={(event) => setName(event.target.value)} />
					<SelectField
						label={t("tokens.expires")}
						value={days}
						onChange={(event) => setDays(event.target.value)}
						options={["7", "30", "90", "365"].map((each) => [each, t("tokens.days", { n: Number(each) })])}
					/>
					<fieldset className="checks">
						<legend className="small">{t("roles.permissions")}</legend>
						{permissions.map((each) => (
							<Check key={each} label={tValue("permission", each)} checked={chosen.includes(each)} onChange={() => setChosen(chosen.includes(each) ? chosen.filter((other) => other !== each) : [...chosen, each])} />
						))}
					</fieldset>
					<DialogFoot submit={t("tokens.make")} disabled={make.isPending || chosen.length === 0} onClose={onClose} />
				</form>
			)}
		</Dialog>
	);
}

function Tokens() {
	const list = useList<ApiToken>("/tokens");
	const [making, setMaking] = useState(false);
	const revoke = useChange<string, void>(
		(id) => ({ method: "DELETE", path: `/tokens/${id}` }),
		["/tokens"],
		() => toast(t("tokens.revoked")),
	);
	const add = (
		<Button look="primary" icon="plus" onClick={() => setMaking(true)}>
			{t("tokens.new")}
		</Button>
	);
	return (
		<>
			<div className="toolbar">{add}</div>
			<ListTable
				label={t("settings.tokens")}
				list={list}
				rowKey={(token) => token.id}
				columns={[
					{ key: "name", head: t("tokens.name"), width: "minmax(140px, 1fr)", cell: (token) => <span className="link-strong">{token.name}</span> },
					{ key: "user", head: t("audit.user"), width: "minmax(90px, 0.7fr)", cell: (token) => token.user },
					{ key: "permissions", head: t("roles.permissions"), width: "minmax(200px, 2fr)", cell: (token) => <span className="muted clip block">{token.permissions.map((each) => tValue("permission", each)).join(" · ")}</span> },
					{ key: "used", head: t("tokens.lastUsed"), width: "110px", end: true, cell: (token) => <Time at={token.lastUsed} /> },
					{ key: "expires", head: t("tokens.ends"), width: "110px", end: true, cell: (token) => <Ends at={token.expires} /> },
					{
						key: "revoke",
						head: "",
						width: "90px",
						end: true,
						cell: (token) => (
							<Button look="plain" className="danger" onClick={() => confirm(t("tokens.revokeAsk", { name: token.name })) && revoke.mutate(token.id, { onError: toastError })}>
								{t("accept.revoke")}
							</Button>
						),
					},
				]}
				empty={<Empty icon="lock" title={t("tokens.none")} text={t("tokens.noneText")} />}
			/>
			{making && <TokenDialog onClose={() => setMaking(false)} />}
		</>
	);
}

function Account() {
	return (
		<div className="halves">
			<Panel title={t("password.change")}>
				<ChangePasswordForm onDone={() => toast(t("password.done"))} />
			</Panel>
			<TotpPanel />
		</div>
	);
}

export default function SettingsPage() {
	const url = useUrl();
	const { permissions } = useSession();
	const tabs = [
		...(permissions.includes("settings.read") ? [{ key: "general", text: t("settings.general") }] : []),
		...(permissions.includes("notify.read") ? [{ key: "notifications", text: t("settings.notifications") }] : []),
		{ key: "account", text: t("user.account") },
		{ key: "tokens", text: t("settings.tokens") },
	];
	const wanted = url.one("tab");
	const tab = tabs.some((each) => each.key === wanted) ? wanted : tabs[0]!.key;
	return (
		<div className={tab === "notifications" || tab === "tokens" ? "page fixed" : "page"}>
			<PageHead title={t("nav.settings")} />
			<Tabs label={t("nav.settings")} current={tab} tabs={tabs.map((each) => ({ ...each, href: `/settings?tab=${each.key}` }))} />
			{tab === "general" && <General />}
			{tab === "notifications" && <Notifications />}
			{tab === "account" && <Account />}
			{tab === "tokens" && <Tokens />}
		</div>
	);
}
