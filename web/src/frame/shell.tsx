import { useEffect, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { call } from "../api/client.ts";
import { useHints, useLiveState } from "../api/live.ts";
import { queries, refresh } from "../api/queries.ts";
import { isPageKey } from "../app/page_keys.ts";
import { type Theme, chooseLanguage, choosePageKeys, chooseTheme, pageKeysOn, preferredTheme } from "../app/preferences.ts";
import { forgetSession, useSession } from "../app/session.tsx";
import { currentLanguage, t, tValue } from "../i18n/index.ts";
import { Check, IconButton } from "../kit/controls.tsx";
import { Dialog, Menu } from "../kit/dialog.tsx";
import { Icon } from "../kit/icons.tsx";
import { Toasts, toastError } from "../kit/toast.tsx";
import { Boundary } from "./boundary.tsx";
import { ALL_PLACES, PLACES } from "./navigation.ts";
import { Palette } from "./palette.tsx";
import { Pages } from "./routes.tsx";

function Logo() {
	return (
		<svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true" className="logo">
			<path d="M16 4c-3.500 0-5.500 1.800-6.200 4.600h12.400C21.500 5.800 19.500 4 16 4Z M8.400 10.800h15.200c.8 1.200 1.200 2.600 1.400 4H7c.200-1.400.600-2.800 1.400-4Z M6.600 17h18.800c.2 1.300.3 2.700.3 4H6.300c0-1.300.100-2.700.300-4Z M6.300 23.200h6.500V28H7.300c-.500-1.500-.800-3.100-1-4.800Z M19.200 23.200h6.500c-.2 1.700-.5 3.300-1 4.800h-5.500Z" fill="currentColor" />
		</svg>
	);
}

function Live() {
	const state = useLiveState();
	const text = state === "live" ? t("live.on") : t("live.waiting");
	return (
		<span className={`live is-${state}`} role="status" title={text}>
			<i aria-hidden="true" />
			<span className="live-text">{text}</span>
		</span>
	);
}

function isAt(href: string, location: string): boolean {
	return href === "/" ? location === "/" : location === href || location.startsWith(`${href}/`);
}

/** Where one can go. @param onGo one is on the way */
function Places({ onGo }: { onGo?: () => void }) {
	const [location] = useLocation();
	const { permissions } = useSession();
	return PLACES.map((group) => {
		const places = group.places.filter((place) => !place.permission || permissions.includes(place.permission));
		if (places.length === 0) return null;
		return (
			<div key={group.title} className="nav-group">
				<h2 className="nav-title">{t(group.title)}</h2>
				{places.map((place) => (
					<Link key={place.href} href={place.href} className="nav-item" title={t(place.text)} aria-current={isAt(place.href, location) ? "page" : undefined} onClick={onGo}>
						<Icon name={place.icon} />
						<span>{t(place.text)}</span>
					</Link>
				))}
			</div>
		);
	});
}

function Sidebar() {
	return (
		<nav className="sidebar" aria-label={t("nav.label")}>
			<Link href="/" className="brand" aria-label="Skep">
				<Logo />
				<span>Skep</span>
			</Link>
			<Places />
		</nav>
	);
}

/** The same where there is no room for a bar beside the page. */
function PlacesDialog({ onClose }: { onClose: () => void }) {
	return (
		<Dialog title={t("nav.label")} onClose={onClose}>
			<nav className="places" aria-label={t("nav.label")}>
				<Places onGo={onClose} />
			</nav>
		</Dialog>
	);
}

function ThemeMenu() {
	const [theme, setTheme] = useState(preferredTheme());
	const pick = (next: Theme) => {
		chooseTheme(next);
		setTheme(next);
	};
	return (
		<Menu button={(props) => <IconButton icon={theme === "dark" ? "moon" : theme === "light" ? "sun" : "screen"} label={t("theme.label")} {...props} />}>
			{(["light", "dark", "system"] as const).map((each) => (
				<button key={each} type="button" onClick={() => pick(each)} aria-pressed={each === theme}>
					<Icon name={each === "dark" ? "moon" : each === "light" ? "sun" : "screen"} />
					<span className="grow">{t(`theme.${each}`)}</span>
					{each === theme && <Icon name="check" />}
				</button>
			))}
		</Menu>
	);
}

function LanguageButton() {
	const other = currentLanguage() === "zh" ? "en" : "zh";
	return (
		<button type="button" className="button plain" lang={other === "zh" ? "zh-CN" : "en"} onClick={() => chooseLanguage(other)}>
			{other === "zh" ? "中文" : "English"}
		</button>
	);
}

function UserMenu() {
	const { user } = useSession();
	const signOut = async () => {
		try {
			await call("DELETE", "/session");
			forgetSession();
		} catch (error) {
			toastError(error);
		}
	};
	return (
		<Menu
			button={(props) => (
				<button type="button" className="button plain" {...props}>
					<Icon name="user" />
					<span className="user-name clip">{user.displayName || user.name}</span>
					<Icon name="down" size={12} />
				</button>
			)}
		>
			<div className="label wrap">
				{user.name} · {user.roles.map((role) => tValue("role", role)).join(", ")}
			</div>
			<hr />
			<Link href="/settings?tab=account">
				<Icon name="lock" />
				{t("user.account")}
			</Link>
			<button type="button" onClick={signOut}>
				<Icon name="link" />
				{t("user.signOut")}
			</button>
		</Menu>
	);
}

const KEYS: [string, Parameters<typeof t>[0]][] = [
	["/", "keys.search"],
	["g …", "keys.go"],
	["j k", "keys.move"],
	["Enter", "keys.open"],
	["x", "keys.select"],
	["a", "keys.acknowledge"],
	["r", "keys.resolve"],
	["f", "keys.falsePositive"],
	["o", "keys.reopen"],
	["p", "keys.pause"],
	["?", "keys.help"],
];

function KeysDialog({ onClose }: { onClose: () => void }) {
	const [on, setOn] = useState(pageKeysOn);
	const choose = (wanted: boolean) => {
		choosePageKeys(wanted);
		setOn(wanted);
	};
	return (
		<Dialog title={t("keys.title")} onClose={onClose}>
			<dl className="facts keys">
				{KEYS.flatMap(([key, text]) => [
					<dt key={key}>
						<kbd>{key}</kbd>
					</dt>,
					<dd key={`${key}=`}>{t(text)}</dd>,
				])}
			</dl>
			<p>
				<Check label={t("keys.single")} checked={on} onChange={(event) => choose(event.target.checked)} />
			</p>
			<p className="small muted">{t("keys.places", { list: ALL_PLACES.map((place) => `g ${place.key} ${t(place.text)}`).join(" · ") })}</p>
		</Dialog>
	);
}

/** Keys that hold on every page: search, "g x" to go somewhere, "?" for help. */
function usePageKeys(show: (what: "palette" | "keys") => void) {
	const [, navigate] = useLocation();
	const { permissions } = useSession();
	const going = useRef(0);
	useEffect(() => {
		const key = (event: KeyboardEvent) => {
			if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
				event.preventDefault();
				show("palette");
				return;
			}
			if (!isPageKey(event)) return;
			if (Date.now() - going.current < 1_200) {
				going.current = 0;
				const place = ALL_PLACES.find((each) => each.key === event.key && (!each.permission || permissions.includes(each.permission)));
				if (place) {
					event.preventDefault();
					event.stopImmediatePropagation();
					navigate(place.href);
				}
			} else if (event.key === "g") going.current = Date.now();
			else if (event.key === "/") {
				event.preventDefault();
				show("palette");
			} else if (event.key === "?") show("keys");
		};
		// Before the page's own keys: the second key of "g a" is not the "a" of a table.
		document.addEventListener("keydown", key, true);
		return () => document.removeEventListener("keydown", key, true);
	}, [navigate, permissions, show]);
}

export function Shell() {
	const [above, setAbove] = useState<"palette" | "keys" | "places" | null>(null);
	const [location] = useLocation();
	const main = useRef<HTMLElement>(null);
	usePageKeys(setAbove);
	useHints(["assets"], () => refresh(queries, ["/assets", "/images", "/overview"]), 4_000);
	useHints(["findings"], () => refresh(queries, ["/images", "/vulnerabilities", "/overview"]), 4_000);
	useHints(["agents"], () => refresh(queries, ["/agents", "/overview"]), 2_000);
	useHints(["registries"], () => refresh(queries, ["/registries"]), 2_000);
	useHints(["rules"], () => refresh(queries, ["/rules", "/rule-files", "/intelligence"]), 2_000);
	useHints(["settings"], () => refresh(queries, ["/settings"]), 2_000);
	useHints(["alerts"], () => refresh(queries, ["/overview"]), 4_000);

	const first = useRef(true);
	useEffect(() => {
		// A new page is read from its beginning; the first keeps the focus where the browser put it.
		if (!first.current) main.current?.focus({ preventScroll: true });
		first.current = false;
		main.current?.scrollTo(0, 0);
	}, [location]);

	return (
		<div className="shell">
			<a className="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
				{t("nav.skip")}
			</a>
			<Sidebar />
			<div className="column">
				<header className="topbar">
					<span className="places-button">
						<IconButton icon="menu" label={t("nav.label")} onClick={() => setAbove("places")} />
					</span>
					<button type="button" className="search-button" onClick={() => setAbove("palette")}>
						<Icon name="search" />
						<span className="grow clip">{t("palette.hint")}</span>
						<kbd>/</kbd>
					</button>
					<div className="row push top-actions">
						<Live />
						<span className="keys-button">
							<IconButton icon="keyboard" label={t("keys.title")} onClick={() => setAbove("keys")} />
						</span>
						<LanguageButton />
						<ThemeMenu />
						<UserMenu />
					</div>
				</header>
				<main id="main" ref={main} tabIndex={-1}>
					<Boundary place={location}>
						<Pages />
					</Boundary>
				</main>
			</div>
			{above === "palette" && <Palette onClose={() => setAbove(null)} />}
			{above === "places" && <PlacesDialog onClose={() => setAbove(null)} />}
			{above === "keys" && <KeysDialog onClose={() => setAbove(null)} />}
			<Toasts />
		</div>
	);
}
