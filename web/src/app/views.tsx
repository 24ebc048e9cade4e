import { type FormEvent, useState } from "react";
import { Link, useLocation } from "wouter";
import { useAnswer, useChange } from "../api/queries.ts";
import type { Page } from "../api/client.ts";
import type { View } from "../api/types.ts";
import { t } from "../i18n/index.ts";
import { Button, IconButton, TextField } from "../kit/controls.tsx";
import { Dialog, DialogFoot, Menu } from "../kit/dialog.tsx";
import { Icon } from "../kit/icons.tsx";
import { ErrorNotice } from "../kit/states.tsx";
import { toast, toastError } from "../kit/toast.tsx";
import { useUrl } from "./url.ts";

const hrefOf = (view: View) => view.page + (view.query ? `?${view.query}` : "");

function ManageDialog({ page, query, views, onClose }: { page: string; query: string; views: View[]; onClose: () => void }) {
	const [name, setName] = useState("");
	const keep = useChange<void, View>(
		() => ({ method: "POST", path: "/views", body: { page, query, name: name.trim() } }),
		["/views"],
		() => {
			toast(t("views.saved", { name: name.trim() }));
			onClose();
		},
	);
	const remove = useChange<View, void>(
		(view) => ({ method: "DELETE", path: `/views/${view.id}` }),
		["/views"],
		(_, view) => toast(t("views.removed", { name: view.name })),
	);
	const replaces = views.some((view) => view.name === name.trim());
	const submit = (event: FormEvent) => {
		event.preventDefault();
		keep.mutate();
	};
	return (
		<Dialog title={t("views.save")} onClose={onClose}>
			<form className="stack" onSubmit={submit}>
				<ErrorNotice error={keep.error} />
				<TextField label={t("views.name")} hint={replaces ? t("views.replaces") : t("views.hint")} required maxLength={64} value={name} onChange={(event) => setName(event.target.value)} />
				<DialogFoot submit={t("common.save")} disabled={keep.isPending || !name.trim()} onClose={onClose} />
			</form>
			{views.length > 0 && (
				<section className="stack tight" aria-label={t("views.title")}>
					<h3 className="small muted">{t("views.title")}</h3>
					<ul className="stack tight">
						{views.map((view) => (
							<li key={view.id} className="row">
								<Link href={hrefOf(view)} className="clip grow" onClick={onClose}>
									{view.name}
								</Link>
								<IconButton icon="close" label={t("views.remove", { name: view.name })} onClick={() => remove.mutate(view, { onError: toastError })} />
							</li>
						))}
					</ul>
				</section>
			)}
		</Dialog>
	);
}

/** A page's filters by name: kept with the user on the console, and shown to another by their address. */
export function SavedViews() {
	const [page] = useLocation();
	const query = useUrl().params.toString();
	const [managing, setManaging] = useState(false);
	const all = useAnswer<Page<View>>("/views");
	const views = (all.data?.items ?? []).filter((view) => view.page === page);
	const here = views.find((view) => view.query === query);
	const copy = async () => {
		try {
			await navigator.clipboard.writeText(location.href);
			toast(t("views.copied"));
		} catch {
			prompt(t("views.copy"), location.href);
		}
	};
	return (
		<>
			<Menu
				button={(props) => (
					<Button icon="star" {...props}>
						<span className="clip view-name">{here ? here.name : t("views.title")}</span>
						<Icon name="down" size={12} />
					</Button>
				)}
			>
				{views.map((view) => (
					<Link key={view.id} href={hrefOf(view)}>
						<span className="clip grow">{view.name}</span>
						{view === here && <Icon name="check" />}
					</Link>
				))}
				{views.length > 0 && <hr />}
				<button type="button" onClick={() => setManaging(true)}>
					<Icon name="plus" />
					{t("views.save")}
				</button>
				<button type="button" onClick={copy}>
					<Icon name="link" />
					{t("views.copy")}
				</button>
			</Menu>
			{managing && <ManageDialog page={page} query={query} views={views} onClose={() => setManaging(false)} />}
		</>
	);
}
