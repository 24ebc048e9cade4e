import { type FormEvent, useState } from "react";
import type { Page } from "../api/client.ts";
import { useAnswer, useChange, useList } from "../api/queries.ts";
import type { Notification, NotificationKind, NotificationSetting, TestResult } from "../api/types.ts";
import { useMay } from "../app/session.tsx";
import { pick, t } from "../i18n/index.ts";
import { Button, Check, Notice, SelectField, TextArea, TextField } from "../kit/controls.tsx";
import { Dialog, DialogFoot } from "../kit/dialog.tsx";
import { Answered, Empty, ErrorNotice } from "../kit/states.tsx";
import { ListTable } from "../kit/table.tsx";
import { toast } from "../kit/toast.tsx";
import { number } from "../logic/format.ts";
import { fromText, toText, titleOf } from "../logic/notification.ts";

function useKinds() {
	return useAnswer<Page<NotificationKind>>("/notification-kinds", { limit: 200 });
}

function SettingField({ setting, value, onChange }: { setting: NotificationSetting; value: string; onChange: (value: string) => void }) {
	const [label, rest] = titleOf(pick(setting.what, setting.whatZh), setting.name);
	const how = setting.type === "map" ? t("notify.mapHint") : setting.type === "list" ? t("notify.listHint") : "";
	const hint = (
		<>
			{rest} {how} <code>{setting.name}</code>
		</>
	);
	const common = { label, hint, required: setting.required, value, placeholder: setting.preset };
	if (setting.type === "boolean") return <Check label={label} checked={(value || setting.preset) === "true"} onChange={(event) => onChange(String(event.target.checked))} />;
	if (setting.type === "choice")
		return (
			<SelectField
				label={label}
				hint={hint}
				value={value || setting.preset || ""}
				options={[...(setting.required || setting.preset ? [] : [["", "–"] as [string, string]]), ...setting.choices.map((each) => [each, each] as [string, string])]}
				onChange={(event) => onChange(event.target.value)}
			/>
		);
	if (setting.type === "list" || setting.type === "pem" || setting.type === "map")
		return <TextArea {...common} spellCheck={false} className="input mono" onChange={(event) => onChange(event.target.value)} />;
	return (
		<TextField
			{...common}
			type={setting.type === "number" ? "number" : setting.secret ? "password" : "text"}
			min={setting.min}
			max={setting.max}
			autoComplete={setting.secret ? "new-password" : "off"}
			spellCheck={false}
			onChange={(event) => onChange(event.target.value)}
		/>
	);
}

function NotificationForm({ notification, kinds, onClose }: { notification: Notification | null; kinds: NotificationKind[]; onClose: () => void }) {
	const [name, setName] = useState(notification?.name ?? "");
	const [kindName, setKindName] = useState(notification?.kind ?? kinds.find((each) => each.name === "webhook")?.name ?? kinds[0]?.name ?? "");
	const [filter, setFilter] = useState(notification?.filter ?? "");
	const [enabled, setEnabled] = useState(notification?.enabled ?? true);
	const kind = kinds.find((each) => each.name === kindName);
	const [texts, setTexts] = useState<Record<string, string>>(() => {
		const settings = (notification?.settings ?? {}) as Record<string, unknown>;
		return Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, toText(value)]));
	});
	const save = useChange<void, Notification>(
		() => ({
			method: notification ? "PUT" : "POST",
			path: notification ? `/notifications/${notification.id}` : "/notifications",
			body: { name, kind: kindName, filter, enabled, settings: fromText(kind?.settings ?? [], texts) },
		}),
		["/notifications"],
		() => {
			toast(t("notify.saved", { name }));
			onClose();
		},
	);
	const remove = useChange<void, void>(
		() => ({ method: "DELETE", path: `/notifications/${notification!.id}` }),
		["/notifications"],
		() => {
			toast(t("notify.removed", { name }));
			onClose();
		},
	);
	const test = useChange<void, TestResult>(() => ({ method: "POST", path: `/notifications/${notification!.id}/test` }), ["/notifications"]);
	const submit = (event: FormEvent) => {
		event.preventDefault();
		save.mutate();
	};
	const error = save.error ?? remove.error ?? test.error;
	return (
		<form className="stack" onSubmit={submit}>
			<ErrorNotice error={error} />
			{test.data && (
				<Notice tone={test.data.ok ? "good" : "high"} icon={test.data.ok ? "check" : "warning"}>
					{test.data.message || (test.data.ok ? t("notify.works") : t("notify.fails"))}
				</Notice>
			)}
			<TextField label={t("notify.name")} required autoFocus value={name} onChange={(event) => setName(event.target.value)} />
			<SelectField
				label={t("notify.kind")}
				value={kindName}
				disabled={!!notification}
				options={kinds.map((each) => [each.name, pick(each.what, each.whatZh) || each.name])}
				onChange={(event) => setKindName(event.target.value)}
			/>
			{kind?.settings.map((setting) => (
				<SettingField key={`${kindName}/${setting.name}`} setting={setting} value={texts[setting.name] ?? ""} onChange={(value) => setTexts({ ...texts, [setting.name]: value })} />
			))}
			<TextField label={t("notify.filter")} hint={t("notify.filterHint")} className="input mono" spellCheck={false} value={filter} onChange={(event) => setFilter(event.target.value)} />
			<Check label={t("notify.enabled")} checked={enabled} onChange={(event) => setEnabled(event.target.checked)} />
			<DialogFoot submit={t("common.save")} disabled={save.isPending} onClose={onClose}>
				{notification && (
					<>
						<Button look="danger" onClick={() => confirm(t("notify.removeAsk", { name })) && remove.mutate()}>
							{t("common.remove")}
						</Button>
						<Button disabled={test.isPending} onClick={() => test.mutate()}>
							{t("notify.test")}
						</Button>
					</>
				)}
			</DialogFoot>
		</form>
	);
}

function NotificationDialog({ notification, onClose }: { notification: Notification | null; onClose: () => void }) {
	const kinds = useKinds();
	return (
		<Dialog title={notification ? notification.name : t("notify.new")} onClose={onClose}>
			<Answered query={kinds}>{(data) => <NotificationForm notification={notification} kinds={data.items} onClose={onClose} />}</Answered>
		</Dialog>
	);
}

/** Off, or on and how the last attempt went. */
function State({ notification: { enabled, state } }: { notification: Notification }) {
	if (!enabled) return <span className="badge tone-neutral">{t("rules.off")}</span>;
	if (state.lastError) return <span className="badge tone-high">{t("notify.failing")}</span>;
	return <span className="badge tone-good">{t("rules.on")}</span>;
}

export function Notifications() {
	const list = useList<Notification>("/notifications");
	const kinds = useKinds();
	const may = useMay("notify.write");
	const [open, setOpen] = useState<Notification | "new" | null>(null);
	const kindText = (name: string) => {
		const kind = kinds.data?.items.find((each) => each.name === name);
		return pick(kind?.what, kind?.whatZh) || name;
	};
	const add = may && (
		<Button look="primary" icon="plus" onClick={() => setOpen("new")}>
			{t("notify.new")}
		</Button>
	);
	return (
		<>
			{list.rows.length > 0 && <div className="toolbar">{add}</div>}
			<ListTable
				label={t("settings.notifications")}
				list={list}
				rowKey={(each) => each.id}
				onOpen={(each) => may && setOpen(each)}
				columns={[
					{ key: "name", head: t("notify.name"), width: "minmax(150px, 1.2fr)", cell: (each) => <span className="link-strong">{each.name}</span> },
					{ key: "kind", head: t("notify.kind"), width: "minmax(150px, 1.5fr)", cell: (each) => kindText(each.kind) },
					{ key: "on", head: t("alerts.state"), width: "84px", cell: (each) => <State notification={each} /> },
					{ key: "filter", head: t("notify.filter"), width: "minmax(140px, 1.4fr)", cell: (each) => (each.filter ? <code>{each.filter}</code> : <span className="muted">{t("notify.all")}</span>) },
					{ key: "sent", head: t("notify.sent"), width: "88px", end: true, cell: (each) => number(each.state.sent) },
					{ key: "waiting", head: t("notify.waiting"), width: "80px", end: true, cell: (each) => number(each.state.waiting) },
					{ key: "dropped", head: t("notify.dropped"), width: "80px", end: true, cell: (each) => (each.state.dropped ? <span className="severity tone-high">{number(each.state.dropped)}</span> : "0") },
					{ key: "error", head: t("notify.lastError"), width: "minmax(120px, 1.2fr)", cell: (each) => each.state.lastError && <span title={each.state.lastError}>{each.state.lastError}</span> },
				]}
				empty={
					<Empty icon="bell" title={t("notify.none")} text={t("notify.noneText")}>
						{add}
					</Empty>
				}
			/>
			{open && <NotificationDialog notification={open === "new" ? null : open} onClose={() => setOpen(null)} />}
		</>
	);
}
