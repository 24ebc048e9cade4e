import type { Key } from "../i18n/index.ts";
import type { IconName } from "../kit/icons.tsx";

export interface Place {
	href: string;
	text: Key;
	icon: IconName;
	permission?: string;
	/** The second key of "g x", which goes there. */
	key: string;
}

export const PLACES: { title: Key; places: Place[] }[] = [
	{
		title: "nav.watch",
		places: [
			{ href: "/", text: "nav.overview", icon: "overview", permission: "assets.read", key: "o" },
			{ href: "/alerts", text: "nav.alerts", icon: "alerts", permission: "alerts.read", key: "a" },
		],
	},
	{
		title: "nav.inventory",
		places: [
			{ href: "/assets", text: "nav.assets", icon: "assets", permission: "assets.read", key: "s" },
			{ href: "/images", text: "nav.images", icon: "images", permission: "images.read", key: "i" },
			{ href: "/vulnerabilities", text: "nav.vulnerabilities", icon: "bug", permission: "vulnerabilities.read", key: "v" },
		],
	},
	{
		title: "nav.steer",
		places: [
			{ href: "/rules", text: "nav.rules", icon: "rules", permission: "rules.read", key: "r" },
			{ href: "/registries", text: "nav.registries", icon: "volume", permission: "registries.read", key: "e" },
			{ href: "/intelligence", text: "nav.intelligence", icon: "intelligence", permission: "rules.read", key: "h" },
			{ href: "/agents", text: "nav.agents", icon: "agents", permission: "agents.read", key: "n" },
		],
	},
	{
		title: "nav.manage",
		places: [
			{ href: "/audit", text: "nav.audit", icon: "audit", permission: "audit.read", key: "d" },
			{ href: "/users", text: "nav.users", icon: "users", permission: "users.read", key: "u" },
			{ href: "/settings", text: "nav.settings", icon: "settings", key: "t" },
		],
	},
];

export const ALL_PLACES = PLACES.flatMap((group) => group.places);
