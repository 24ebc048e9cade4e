// How far an image was promoted, in a word.
import type { Stage } from "../api/types.ts";
import { tValue } from "../i18n/index.ts";

export const STAGES: Stage[] = ["none", "base", "test", "production"];
const TONE: Record<string, string> = { base: "accent", test: "medium", production: "good" };

export function StageBadge({ stage }: { stage: Stage }) {
	return stage === "none" ? null : <span className={`badge tone-${TONE[stage] ?? "neutral"}`}>{tValue("stage", stage)}</span>;
}
