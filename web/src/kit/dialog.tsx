import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { t } from "../i18n/index.ts";
import { Button, CopyBox, IconButton } from "./controls.tsx";

/** A modal dialog: the browser's own, which keeps the focus inside, ends with Escape and gives the focus back. A form's first field has
 * it at first. */
export function Dialog({ title, onClose, children, wide = false }: { title: string; onClose: () => void; children: ReactNode; wide?: boolean }) {
	const dialog = useRef<HTMLDialogElement>(null);
	const id = useId();
	useEffect(() => {
		const element = dialog.current!;
		const before = document.activeElement as HTMLElement | null;
		element.showModal();
		element.querySelector<HTMLElement>(".dialog-body :is(input, select, textarea):enabled")?.focus();
		return () => {
			element.close();
			before?.focus?.();
		};
	}, []);
	return (
		<dialog
			ref={dialog}
			className={wide ? "wide" : undefined}
			aria-labelledby={id}
			onCancel={(event) => {
				event.preventDefault();
				onClose();
			}}
			onMouseDown={(event) => event.target === dialog.current && onClose()}
		>
			<div className="dialog-head">
				<h2 id={id}>{title}</h2>
				<IconButton icon="close" label={t("common.close")} onClick={onClose} />
			</div>
			<div className="dialog-body">{children}</div>
		</dialog>
	);
}

/** The end of a form in a dialog: what else can be done, then to leave it or to send it. */
export function DialogFoot({ submit, disabled, onClose, children }: { submit: string; disabled?: boolean; onClose: () => void; children?: ReactNode }) {
	return (
		<div className="dialog-foot">
			{children}
			<span className="push" />
			<Button onClick={onClose}>{t("common.cancel")}</Button>
			<Button look="primary" type="submit" disabled={disabled}>
				{submit}
			</Button>
		</div>
	);
}

/** What a dialog holds once it made a secret, which is shown this once. */
export function ShownOnce({ text, secret, copy, onClose, children }: { text: string; secret: string; copy: string; onClose: () => void; children?: ReactNode }) {
	return (
		<>
			<p className="small">{text}</p>
			<CopyBox text={secret} label={copy} />
			{children}
			<div className="dialog-foot">
				<Button look="primary" onClick={onClose}>
					{t("common.done")}
				</Button>
			</div>
		</>
	);
}

/** A button that opens a list of actions. Arrow keys move in it, Escape closes it. */
export function Menu({ button, children }: { button: (props: { "aria-expanded": boolean; "aria-haspopup": "menu"; onClick: () => void }) => ReactNode; children: ReactNode }) {
	const [open, setOpen] = useState(false);
	const box = useRef<HTMLDivElement>(null);
	useEffect(() => {
		if (!open) return;
		const items = () => [...box.current!.querySelectorAll<HTMLElement>(".menu-items > button, .menu-items > a")];
		items()[0]?.focus();
		const outside = (event: MouseEvent) => !box.current?.contains(event.target as Node) && setOpen(false);
		const key = (event: KeyboardEvent) => {
			if (event.key === "Escape") {
				setOpen(false);
				box.current?.querySelector<HTMLElement>("button")?.focus();
			} else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
				event.preventDefault();
				const all = items();
				const at = all.indexOf(document.activeElement as HTMLElement);
				all[(at + (event.key === "ArrowDown" ? 1 : all.length - 1)) % all.length]?.focus();
			} else if (event.key === "Tab") setOpen(false);
		};
		document.addEventListener("mousedown", outside);
		document.addEventListener("keydown", key);
		return () => {
			document.removeEventListener("mousedown", outside);
			document.removeEventListener("keydown", key);
		};
	}, [open]);
	return (
		<div className="menu" ref={box}>
			{button({ "aria-expanded": open, "aria-haspopup": "menu", onClick: () => setOpen(!open) })}
			{open && (
				<div className="menu-items" onClick={() => setOpen(false)}>
					{children}
				</div>
			)}
		</div>
	);
}
