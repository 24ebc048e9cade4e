import { useList } from "../api/queries.ts";
import type { PackageUse } from "../api/types.ts";
import { t } from "../i18n/index.ts";
import { ASSET_ICON, Icon } from "../kit/icons.tsx";
import { Empty } from "../kit/states.tsx";
import { type Column, ListTable } from "../kit/table.tsx";
import { number } from "../logic/format.ts";

const COLUMNS = (): Column<PackageUse>[] => [
	{
		key: "name",
		head: t("assets.name"),
		width: "minmax(200px, 1.6fr)",
		cell: (each) => (
			<span className="row">
				<span className="muted">
					<Icon name={ASSET_ICON.package!} />
				</span>
				<span className="link-strong clip">{each.name}</span>
			</span>
		),
	},
	{ key: "version", head: t("image.version"), width: "minmax(140px, 1fr)", cell: (each) => <span className="mono xs clip">{each.version}</span> },
	{ key: "kind", head: t("assets.kind"), width: "96px", cell: (each) => each.kind },
	{ key: "images", head: t("kinds.image"), width: "80px", end: true, cell: (each) => number(each.images) },
	{ key: "containers", head: t("kinds.container"), width: "96px", end: true, cell: (each) => number(each.containers) },
];

/** The images and containers that have it. */
function holdersOf({ name, version }: PackageUse): string {
	return `/assets?q=${encodeURIComponent(`package.id = ${JSON.stringify(`${name}@${version}`)}`)}`;
}

/** Packages are assets of images, not of hosts: a list of their own, which leads to what has them. */
export function AssetPackages({ q }: { q: string }) {
	const list = useList<PackageUse>("/packages", { q });
	return (
		<ListTable
			label={t("kinds.package")}
			list={list}
			columns={COLUMNS()}
			rowKey={(each) => `${each.kind}/${each.name}/${each.version}`}
			href={holdersOf}
			empty={q ? <Empty icon="search" title={t("image.noPackages")} text={t("assets.noMatchText")} /> : <Empty icon="package" title={t("assets.noPackages")} text={t("assets.noPackagesText")} />}
		/>
	);
}
