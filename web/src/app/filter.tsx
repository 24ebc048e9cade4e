import { t, tValue } from "../i18n/index.ts";
import { Choice, SearchInput } from "../kit/controls.tsx";
import { STAGES } from "../kit/stage.tsx";
import { SEVERITIES } from "../logic/severity.ts";
import { useUrl } from "./url.ts";

/** A filter of a list, which stands in the page's address as `name`. The first of the options, empty, is all. */
export function Filter({ name, label, options }: { name: string; label: string; options: [string, string][] }) {
	const url = useUrl();
	return <Choice label={label} value={url.one(name)} options={options} onChange={(value) => url.change({ [name]: value })} />;
}

export function SearchFilter({ label }: { label: string }) {
	const url = useUrl();
	return <SearchInput value={url.one("q")} onSearch={(q) => url.change({ q })} label={label} />;
}

export function SeverityFilter({ label = t("finding.severity"), severities = SEVERITIES }: { label?: string; severities?: typeof SEVERITIES }) {
	return <Filter name="severity" label={label} options={[["", t("images.anySeverity")], ...severities.map((each): [string, string] => [each, tValue("severity", each)])]} />;
}

export function StageFilter() {
	return <Filter name="stage" label={t("registries.stage")} options={[["", t("registries.anyStage")], ...STAGES.map((each): [string, string] => [each, tValue("stage", each)])]} />;
}

export function FixFilter() {
	return (
		<Filter
			name="fixable"
			label={t("finding.fix")}
			options={[
				["", t("finding.anyFix")],
				["true", t("finding.hasFix")],
				["false", t("finding.noFix")],
			]}
		/>
	);
}
