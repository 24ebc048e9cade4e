import type { ReactNode } from "react";
import { Link } from "wouter";

/** One figure of several side by side; where a page tells more of it, a link there. */
export function Tile({ label, value, look, note, href }: { label: string; value: ReactNode; look?: string; note?: ReactNode; href?: string }) {
	const inside = (
		<>
			<div className="label">{label}</div>
			<div className={look ? `value ${look}` : "value"}>{value}</div>
			{note && <div className="note">{note}</div>}
		</>
	);
	return href ? (
		<Link href={href} className="tile">
			{inside}
		</Link>
	) : (
		<div className="tile">{inside}</div>
	);
}
