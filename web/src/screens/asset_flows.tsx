import { Link } from "wouter";
import { useList } from "../api/queries.ts";
import type { Flow } from "../api/types.ts";
import { t } from "../i18n/index.ts";
import { Button, Panel, Time } from "../kit/controls.tsx";
import { Failed, Skeleton } from "../kit/states.tsx";
import { SmallTable } from "../kit/table.tsx";
import { hrefOf } from "../logic/asset.ts";
import { number } from "../logic/format.ts";

function Peer({ peer }: { peer: Flow["peer"] }) {
	if (peer.asset)
		return (
			<Link href={hrefOf(peer.asset.split(":", 1)[0]!, peer.asset)} className="link-strong clip" title={peer.address}>
				{peer.name || peer.asset}
			</Link>
		);
	return <span className="mono clip">{peer.kind === "loopback" ? `${t("flow.loopback")} ${peer.address}` : peer.address}</span>;
}

function Direction({ title, flows }: { title: string; flows: Flow[] }) {
	return (
		<Panel title={title} flush>
			<SmallTable
				label={title}
				rows={flows}
				rowKey={(flow) => [flow.agent, flow.own.address, flow.peer.address, flow.port, flow.protocol, flow.process].join("/")}
				columns={[
					{ key: "peer", head: t("flow.peer"), width: "minmax(180px, 1fr)", cell: (flow) => <Peer peer={flow.peer} /> },
					{ key: "port", head: t("flow.port"), width: "96px", cell: (flow) => `${flow.protocol} ${flow.port}` },
					{ key: "process", head: t("flow.process"), width: "130px", cell: (flow) => <span className="clip">{flow.process}</span> },
					{ key: "connections", head: t("flow.connections"), width: "104px", end: true, cell: (flow) => number(flow.connections) },
					{ key: "last", head: t("flow.lastSeen"), width: "120px", end: true, cell: (flow) => <Time at={flow.lastSeen} /> },
				]}
				empty={
					<div className="body">
						<p className="small muted">{t("asset.noFlows")}</p>
					</div>
				}
			/>
		</Panel>
	);
}

/** Whom an asset connected to and who connected to it, what was seen last first; the API's list goes by names. */
export function AssetFlows({ id }: { id: string }) {
	const list = useList<Flow>("/flows", { asset: id });
	if (list.isError && list.rows.length === 0) return <Failed error={list.error} again={() => list.refetch()} />;
	if (list.isPending) return <Skeleton />;
	const flows = [...list.rows].sort((a, b) => b.lastSeen.localeCompare(a.lastSeen));
	return (
		<div className="stack wide">
			<p className="small muted">{t("asset.flowsNote")}</p>
			<Direction title={t("asset.flowsOut")} flows={flows.filter((flow) => flow.role === "client")} />
			<Direction title={t("asset.flowsIn")} flows={flows.filter((flow) => flow.role === "server")} />
			{list.hasNextPage && (
				<div className="row">
					<Button onClick={() => list.fetchNextPage()} disabled={list.isFetchingNextPage}>
						{t("flow.more")}
					</Button>
				</div>
			)}
		</div>
	);
}
