import { type ReactNode, useEffect } from "react";
import { Link } from "wouter";
import { Icon } from "./icons.tsx";

/** The head of every page: what it is, what can be done, and the title the browser shows. */
export function PageHead({ title, before, children, back }: { title: string; before?: ReactNode; children?: ReactNode; back?: { href: string; text: string } }) {
	useEffect(() => {
		document.title = `${title} · Skep`;
	}, [title]);
	return (
		<div className="page-head">
			{back && (
				<Link href={back.href} className="back small">
					{back.text}
					<Icon name="chevron" size={12} />
				</Link>
			)}
			<div className="row flow">
				<h1>{title}</h1>
				{before}
				<div className="row push flow">{children}</div>
			</div>
		</div>
	);
}
