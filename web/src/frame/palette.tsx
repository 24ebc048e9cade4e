import { useEffect, useId, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useAnswer } from "../api/queries.ts";
import type { SearchHit, SearchResult } from "../api/types.ts";
import { useRuleName } from "../app/rule_name.ts";
import { useSession } from "../app/session.tsx";
import { t, tValue } from "../i18n/index.ts";
import { ASSET_ICON, Icon, type IconName } from "../kit/icons.tsx";
import { hrefOf } from "../logic/asset.ts";
import { ALL_PLACES } from "./navigation.ts";

interface Entry {
	key: string;
	group: string;
	icon: IconName;
	text: string;
	detail?: string;
	href: string;
}

function entryOf(group: string, hit: SearchHit): Entry {
	return {
		key: `${hit.kind}/${hit.id}`,
		group,
		icon: hit.kind === "alert" ? "alerts" : hit.kind === "vulnerability" ? "bug" : (ASSET_ICON[hit.kind] ?? "assets"),
		text: hit.name,
		detail: hit.detail ?? tValue("kind", hit.kind),
		href: hrefOf(hit.kind, hit.id),
	};
}

/** One box for going anywhere and finding anything. */
export function Palette({ onClose }: { onClose: () => void }) {
	const dialog = useRef<HTMLDialogElement>(null);
	const id = useId();
	const [text, setText] = useState("");
	const [asked, setAsked] = useState("");
	const [at, setAt] = useState(0);
	const [, navigate] = useLocation();
	const { permissions } = useSession();
	const ruleName = useRuleName();

	useEffect(() => {
		const before = document.activeElement as HTMLElement | null;
		dialog.current!.showModal();
		return () => before?.focus?.();
	}, []);
	useEffect(() => {
		const timer = setTimeout(() => setAsked(text.trim()), 160);
		return () => clearTimeout(timer);
	}, [text]);

	const search = useAnswer<SearchResult>(asked.length >= 2 && permissions.includes("assets.read") ? "/search" : null, { q: asked });
	const words = text.trim().toLowerCase();
	const places: Entry[] = ALL_PLACES.filter((place) => !place.permission || permissions.includes(place.permission))
		.filter((place) => !words || t(place.text).toLowerCase().includes(words) || place.href.includes(words))
		.map((place) => ({ key: place.href, group: t("palette.places"), icon: place.icon, text: t(place.text), href: place.href }));
	const found = asked.length >= 2 && search.data ? search.data : null;
	const entries = [
		...places,
		...(found?.assets ?? []).map((hit) => entryOf(t("nav.assets"), hit)),
		...(found?.images ?? []).map((hit) => entryOf(t("nav.images"), hit)),
		...(found?.vulnerabilities ?? []).map((hit) => entryOf(t("nav.vulnerabilities"), hit)),
		...(found?.alerts ?? []).map((hit) => entryOf(t("nav.alerts"), { ...hit, name: ruleName(hit.name) })),
	];
	const current = Math.min(at, entries.length - 1);
	const go = (entry: Entry | undefined) => {
		if (!entry) return;
		onClose();
		navigate(entry.href);
	};

	return (
		<dialog
			ref={dialog}
			className="palette"
			aria-label={t("palette.title")}
			onCancel={(event) => {
				event.preventDefault();
				onClose();
			}}
			onMouseDown={(event) => event.target === dialog.current && onClose()}
		>
			<div className="palette-box">
				<Icon name="search" />
				<input
					autoFocus
					role="combobox"
					aria-expanded="true"
					aria-controls={`${id}-list`}
					aria-activedescendant={entries.length ? `${id}-${current}` : undefined}
					aria-label={t("palette.title")}
					placeholder={t("palette.hint")}
					value={text}
					onChange={(event) => {
						setText(event.target.value);
						setAt(0);
					}}
					onKeyDown={(event) => {
						if (event.key === "ArrowDown" || event.key === "ArrowUp") {
							event.preventDefault();
							const step = event.key === "ArrowDown" ? 1 : -1;
							setAt((current + step + entries.length) % Math.max(1, entries.length));
						} else if (event.key === "Enter") {
							event.preventDefault();
							go(entries[current]);
						}
					}}
				/>
				<kbd>Esc</kbd>
			</div>
			<div className="palette-list" id={`${id}-list`} role="listbox" aria-label={t("palette.results")}>
				{entries.map((entry, index) => (
					<div key={entry.key}>
						{entry.group !== entries[index - 1]?.group && (
							<div className="palette-group" role="presentation">
								{entry.group}
							</div>
						)}
						<div
							id={`${id}-${index}`}
							role="option"
							aria-selected={index === current}
							className="palette-entry"
							onMouseMove={() => setAt(index)}
							onClick={() => go(entry)}
							ref={index === current ? (element) => element?.scrollIntoView({ block: "nearest" }) : undefined}
						>
							<Icon name={entry.icon} />
							<span className="clip">{entry.text}</span>
							{entry.detail && <span className="muted xs clip push">{entry.detail}</span>}
						</div>
					</div>
				))}
				{entries.length === 0 && <p className="palette-none muted">{search.isFetching ? t("common.loading") : t("palette.none")}</p>}
			</div>
		</dialog>
	);
}
