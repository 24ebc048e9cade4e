import { type ReactNode, useState } from "react";
import type { AlertState } from "../api/types.ts";
import { t, tValue } from "../i18n/index.ts";
import { TextArea } from "../kit/controls.tsx";
import { Dialog, DialogFoot } from "../kit/dialog.tsx";

/** Keys that decide about the alerts one stands on. */
export const STATE_KEYS: Record<string, AlertState> = { a: "acknowledged", r: "resolved", f: "false-positive", o: "open" };

/** Asks, with a note, before so many alerts become of a state. @param children more to choose, before the note @param hint what is to be known, behind it */
export function TriageDialog({ count, state, onClose, onSave, children, hint }: { count: number; state: AlertState; onClose: () => void; onSave: (note: string) => void; children?: ReactNode; hint?: string }) {
	const [note, setNote] = useState("");
	return (
		<Dialog title={t("triage.title", { n: count, state: tValue("state", state) })} onClose={onClose}>
			<form
				className="stack"
				onSubmit={(event) => {
					event.preventDefault();
					onSave(note);
				}}
			>
				{children}
				<TextArea label={t("triage.note")} hint={t("triage.noteHint")} value={note} onChange={(event) => setNote(event.target.value)} />
				{hint && <p className="hint">{hint}</p>}
				<DialogFoot submit={tValue("triage.do", state)} disabled={count === 0} onClose={onClose} />
			</form>
		</Dialog>
	);
}
