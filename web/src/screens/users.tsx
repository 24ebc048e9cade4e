import { type FormEvent, useState } from "react";
import { useAnswer, useChange, useList } from "../api/queries.ts";
import type { Page } from "../api/client.ts";
import type { Permission, Role, User, UserCreated } from "../api/types.ts";
import { SearchFilter } from "../app/filter.tsx";
import { useMay, useSession } from "../app/session.tsx";
import { useUrl } from "../app/url.ts";
import { pick, t, tValue } from "../i18n/index.ts";
import { Button, Check, Tabs, TextArea, TextField, Time } from "../kit/controls.tsx";
import { Dialog, DialogFoot, ShownOnce } from "../kit/dialog.tsx";
import { PageHead } from "../kit/page_head.tsx";
import { Empty, ErrorNotice } from "../kit/states.tsx";
import { type Column, ListTable } from "../kit/table.tsx";
import { toast } from "../kit/toast.tsx";

interface ChecksProps {
	legend: string;
	hint?: string;
	all: string[];
	chosen: string[];
	/** to be read, not changed: all of them, or some */
	fixed?: boolean | ((name: string) => boolean);
	onChange: (chosen: string[]) => void;
	text: (name: string) => string;
}

function Checks({ legend, hint, all, chosen, fixed = false, onChange, text }: ChecksProps) {
	const isFixed = (name: string) => (typeof fixed === "function" ? fixed(name) : fixed);
	return (
		<fieldset className="checks">
			<legend className="small">{legend}</legend>
			{hint && <p className="small muted">{hint}</p>}
			{all.map((name) => (
				<Check
					key={name}
					label={text(name)}
					disabled={isFixed(name)}
					checked={chosen.includes(name)}
					onChange={() => onChange(chosen.includes(name) ? chosen.filter((each) => each !== name) : [...chosen, name])}
				/>
			))}
		</fieldset>
	);
}

function sameNames(a: string[], b: string[]): boolean {
	return a.length === b.length && a.every((name) => b.includes(name));
}

function roleText(name: string): string {
	return tValue("role", name);
}

function useRoles() {
	return useAnswer<Page<Role>>("/roles", { limit: 200 });
}

function UserDialog({ user, onClose }: { user: User | null; onClose: () => void }) {
	const roles = useRoles();
	const session = useSession();
	const mayUsers = useMay("users.write");
	const mayRoles = useMay("roles.write");
	const self = user?.id === session.user.id;
	const local = !user || user.source === "local";
	const givesRoles = mayRoles && local && !self;
	const [name, setName] = useState("");
	const [displayName, setDisplayName] = useState(user?.displayName ?? "");
	const [password, setPassword] = useState("");
	const [chosen, setChosen] = useState(user?.roles ?? []);
	const [disabled, setDisabled] = useState(user?.disabled ?? false);
	const [keepTotp, setKeepTotp] = useState(true);
	const save = useChange<void, UserCreated | User>(
		() =>
			user
				? {
						method: "PATCH",
						path: `/users/${user.id}`,
						// What did not change is not asked for: each part needs a permission of its own.
						body: {
							...(displayName === user.displayName ? {} : { displayName }),
							...(sameNames(chosen, user.roles) ? {} : { roles: chosen }),
							...(disabled === user.disabled ? {} : { disabled }),
							...(password ? { password } : {}),
							...(keepTotp ? {} : { totp: false }),
						},
					}
				: { method: "POST", path: "/users", body: { name, displayName, roles: chosen, ...(password ? { password } : {}) } },
		["/users"],
		(answer) => {
			if (answer && "password" in answer && answer.password) return;
			toast(user ? t("users.saved", { name: user.name }) : t("users.made", { name }));
			onClose();
		},
	);
	const remove = useChange<void, void>(
		() => ({ method: "DELETE", path: `/users/${user!.id}` }),
		["/users"],
		() => {
			toast(t("users.removed", { name: user!.name }));
			onClose();
		},
	);
	const made = save.data && "password" in save.data ? save.data.password : undefined;
	if (made)
		return (
			<Dialog title={t("users.made", { name })} onClose={onClose}>
				<ShownOnce text={t("users.password")} secret={made} copy={t("users.copyPassword")} onClose={onClose} />
			</Dialog>
		);
	const submit = (event: FormEvent) => {
		event.preventDefault();
		save.mutate();
	};
	const error = save.error ?? remove.error;
	return (
		<Dialog title={user ? user.name : t("users.new")} onClose={onClose}>
			<form className="stack" onSubmit={submit}>
				<ErrorNotice error={error} />
				{!user && <TextField label={t("signIn.name")} required autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} />}
				{mayUsers && <TextField label={t("users.displayName")} autoComplete="off" value={displayName} onChange={(event) => setDisplayName(event.target.value)} />}
				{mayUsers && local && !self && (
					<TextField
						label={user ? t("users.newPassword") : t("users.firstPassword")}
						hint={user ? t("users.newPasswordHint") : t("users.firstPasswordHint")}
						type="password"
						autoComplete="new-password"
						value={password}
						onChange={(event) => setPassword(event.target.value)}
					/>
				)}
				<Checks
					legend={t("users.roles")}
					hint={givesRoles ? undefined : self ? t("users.ownRoles") : !local ? t("users.directoryRoles") : t("users.othersGiveRoles")}
					fixed={!givesRoles}
					all={(roles.data?.items ?? []).map((role) => role.name)}
					chosen={chosen}
					onChange={setChosen}
					text={roleText}
				/>
				{user && !self && mayUsers && <Check label={t("users.disabled")} checked={disabled} onChange={(event) => setDisabled(event.target.checked)} />}
				{user?.totp && !self && mayUsers && <Check label={t("users.keepTotp")} checked={keepTotp} onChange={(event) => setKeepTotp(event.target.checked)} />}
				<DialogFoot submit={user ? t("common.save") : t("users.make")} disabled={save.isPending} onClose={onClose}>
					{user && !self && mayUsers && (
						<Button look="danger" disabled={remove.isPending} onClick={() => confirm(t("users.removeAsk", { name: user.name })) && remove.mutate()}>
							{t("common.remove")}
						</Button>
					)}
				</DialogFoot>
			</form>
		</Dialog>
	);
}

function linesOf(text: string): string[] {
	return text
		.split("\n")
		.map((line) => line.trim())
		.filter(Boolean);
}

function RoleDialog({ role, onClose }: { role: Role | null; onClose: () => void }) {
	const mayWrite = useMay("roles.write");
	const fixed = role?.builtIn || !mayWrite;
	const [name, setName] = useState(role?.name ?? "");
	const [permissions, setPermissions] = useState(role?.permissions ?? []);
	const [description, setDescription] = useState(role?.description ?? "");
	const [scope, setScope] = useState((role?.scope ?? []).join("\n"));
	const [groups, setGroups] = useState((role?.groups ?? []).join("\n"));
	const known = useAnswer<Page<Permission>>("/permissions", { limit: 200 });
	const bounded = linesOf(scope).length > 0;
	const ofFleet = (name: string) => known.data?.items.find((each) => each.name === name)?.reach === "fleet";
	const save = useChange<void, Role>(
		() => ({
			method: role ? "PUT" : "POST",
			path: role ? `/roles/${role.id}` : "/roles",
			body: {
				name,
				description,
				permissions,
				scope: linesOf(scope),
				groups: linesOf(groups),
			},
		}),
		["/roles"],
		() => {
			toast(t("roles.saved", { name }));
			onClose();
		},
	);
	const remove = useChange<void, void>(
		() => ({ method: "DELETE", path: `/roles/${role!.id}` }),
		["/roles"],
		() => {
			toast(t("roles.removed", { name }));
			onClose();
		},
	);
	const error = save.error ?? remove.error;
	return (
		<Dialog title={role ? roleText(role.name) : t("roles.new")} onClose={onClose}>
			<form
				className="stack"
				onSubmit={(event) => {
					event.preventDefault();
					save.mutate();
				}}
			>
				<ErrorNotice error={error} />
				{role?.builtIn && <p className="small muted">{t("roles.builtIn")}</p>}
				{fixed && role?.description && <p className="small">{pick(role.description, role.descriptionZh)}</p>}
				{!fixed && (
					<>
						<TextField label={t("roles.name")} required value={name} onChange={(event) => setName(event.target.value)} />
						<TextField label={t("roles.description")} value={description} onChange={(event) => setDescription(event.target.value)} />
					</>
				)}
				<Checks
					legend={t("roles.permissions")}
					all={(known.data?.items ?? []).map((each) => each.name)}
					chosen={permissions}
					hint={bounded ? t("roles.fleetHint") : undefined}
					// One that is chosen already can be taken back.
					fixed={(name) => fixed || (bounded && !permissions.includes(name) && ofFleet(name))}
					onChange={setPermissions}
					text={(name) => {
						const permission = known.data?.items.find((each) => each.name === name);
						return pick(permission?.what, permission?.whatZh);
					}}
				/>
				<TextArea label={t("roles.scope")} hint={t("roles.scopeHint")} readOnly={fixed} placeholder="namespace in (shop, pay)" value={scope} onChange={(event) => setScope(event.target.value)} />
				<TextArea label={t("roles.groups")} hint={t("roles.groupsHint")} readOnly={fixed} rows={2} value={groups} onChange={(event) => setGroups(event.target.value)} />
				{!fixed && (
					<DialogFoot submit={t("common.save")} disabled={save.isPending || permissions.length === 0} onClose={onClose}>
						{role && (
							<Button look="danger" disabled={remove.isPending} onClick={() => confirm(t("roles.removeAsk", { name })) && remove.mutate()}>
								{t("common.remove")}
							</Button>
						)}
					</DialogFoot>
				)}
			</form>
		</Dialog>
	);
}

function UserTable({ onOpen }: { onOpen: (user: User) => void }) {
	const url = useUrl();
	const list = useList<User>("/users", { q: url.one("q") });
	const columns: Column<User>[] = [
		{
			key: "name",
			head: t("users.name"),
			width: "minmax(180px, 1.4fr)",
			cell: (user) => (
				<span className="row">
					<span className="link-strong clip whole">{user.name}</span>
					<span className="muted clip">{user.displayName}</span>
				</span>
			),
		},
		{ key: "state", head: t("alerts.state"), width: "112px", cell: (user) => <span className={`badge tone-${user.disabled ? "high" : "good"}`}>{t(user.disabled ? "users.off" : "users.on")}</span> },
		{
			key: "roles",
			head: t("users.roles"),
			width: "minmax(180px, 1.4fr)",
			cell: (user) => (user.roles.length ? <span className="clip block">{user.roles.map(roleText).join(", ")}</span> : <span className="muted">{t("users.noRole")}</span>),
		},
		{ key: "source", head: t("users.source"), width: "96px", cell: (user) => tValue("source", user.source) },
		{ key: "totp", head: t("users.totp"), width: "108px", cell: (user) => (user.totp ? <span className="badge tone-good">{t("rules.on")}</span> : <span className="muted">{t("users.totpOff")}</span>) },
		{ key: "last", head: t("users.lastSignIn"), width: "120px", end: true, cell: (user) => <Time at={user.lastSignIn} /> },
	];
	return (
		<>
			<div className="toolbar">
				<SearchFilter label={t("users.search")} />
			</div>
			<ListTable label={t("users.users")} list={list} columns={columns} rowKey={(user) => user.id} onOpen={onOpen} empty={<Empty icon="users" title={t("users.none")} text={t("assets.noMatchText")} />} />
		</>
	);
}

function RoleTable({ onOpen }: { onOpen: (role: Role) => void }) {
	const list = useList<Role>("/roles");
	const columns: Column<Role>[] = [
		{ key: "name", head: t("roles.name"), width: "minmax(160px, 1fr)", cell: (role) => <span className="link-strong">{roleText(role.name)}</span> },
		{ key: "kind", head: t("assets.kind"), width: "96px", cell: (role) => (role.builtIn ? t("roles.shipped") : t("roles.own")) },
		{ key: "permissions", head: t("roles.permissions"), width: "minmax(260px, 2.4fr)", cell: (role) => <span className="muted clip block">{role.permissions.map((each) => tValue("permission", each)).join(" · ")}</span> },
		{ key: "scope", head: t("roles.scope"), width: "minmax(120px, 1fr)", cell: (role) => (role.scope.length ? <code>{role.scope.join("; ")}</code> : t("roles.everywhere")) },
	];
	return <ListTable label={t("users.roles")} list={list} columns={columns} rowKey={(role) => role.id} onOpen={onOpen} empty={<Empty icon="users" title={t("common.none")} />} />;
}

export default function UsersPage() {
	const url = useUrl();
	const roles = url.one("tab") === "roles";
	const mayUsers = useMay("users.write");
	const mayRoles = useMay("roles.write");
	const [user, setUser] = useState<User | "new" | null>(null);
	const [role, setRole] = useState<Role | "new" | null>(null);
	return (
		<div className="page fixed">
			<PageHead title={t("nav.users")}>
				{!roles && mayUsers && (
					<Button look="primary" icon="plus" onClick={() => setUser("new")}>
						{t("users.new")}
					</Button>
				)}
				{roles && mayRoles && (
					<Button look="primary" icon="plus" onClick={() => setRole("new")}>
						{t("roles.new")}
					</Button>
				)}
			</PageHead>
			<Tabs
				label={t("nav.users")}
				current={roles ? "roles" : "users"}
				tabs={[
					{ key: "users", text: t("users.users"), href: "/users" },
					{ key: "roles", text: t("users.roles"), href: "/users?tab=roles" },
				]}
			/>
			{roles ? <RoleTable onOpen={setRole} /> : <UserTable onOpen={(each) => (mayUsers || mayRoles) && setUser(each)} />}
			{user && <UserDialog user={user === "new" ? null : user} onClose={() => setUser(null)} />}
			{role && <RoleDialog role={role === "new" ? null : role} onClose={() => setRole(null)} />}
		</div>
	);
}
