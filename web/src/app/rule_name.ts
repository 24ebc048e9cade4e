import { useMemo } from "react";
import type { Page } from "../api/client.ts";
import { useAnswer } from "../api/queries.ts";
import type { Rule } from "../api/types.ts";
import { currentLanguage, pick, tValue } from "../i18n/index.ts";
import { useMay } from "./session.tsx";

/** What rules are called in the reader's language. Their English name is what names them, in alerts, addresses and rule files; the
 * Chinese ones come with the rules. Alerts of the product about itself have no rule. */
export function useRuleName(): (name: string) => string {
	const asked = useMay("rules.read") && currentLanguage() === "zh";
	const { data } = useAnswer<Page<Rule>>(asked ? "/rules" : null, { limit: 1000 }, { staleMs: 600_000 });
	return useMemo(() => {
		const names = new Map(data?.items.map((rule) => [rule.name, pick(rule.name, rule.nameZh)]));
		return (name) => names.get(name) ?? tValue("ownRule", name);
	}, [data]);
}
