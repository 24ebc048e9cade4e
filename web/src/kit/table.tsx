import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, type KeyboardEvent, type ReactNode, useCallback, useEffect, useId, useRef, useState } from "react";
import { useLocation } from "wouter";
import type { List } from "../api/queries.ts";
import { t } from "../i18n/index.ts";
import { Button } from "./controls.tsx";
import { Icon } from "./icons.tsx";
import { Failed, Skeleton } from "./states.tsx";

export interface Column<T> {
	key: string;
	head: string;
	/** A track of a CSS grid: 120px, minmax(160px, 1fr) */
	width: string;
	cell: (row: T) => ReactNode;
	end?: boolean;
	/** Where there is room for cards only: what a row is called (the first column, where none says so), and a box that stands before it. */
	card?: "title" | "box";
	/** What the API calls this column where it sorts by it, in the order a first press asks for: "name", "-size". */
	sort?: string;
}

/** How a list is sorted, as the API says it: "name", "-name"; empty: as it comes. */
export interface Sorting {
	by: string;
	onSort: (by: string) => void;
}

interface TableProps<T> {
	label: string;
	columns: Column<T>[];
	rows: readonly T[];
	rowKey: (row: T) => string;
	/** Where Enter or a click leads. */
	href?: (row: T) => string | null;
	onOpen?: (row: T) => void;
	onKey?: (event: KeyboardEvent, row: T) => void;
	selected?: ReadonlySet<string>;
	sorting?: Sorting;
	rowHeight?: number;
	nearEnd?: () => void;
	atTop?: (top: boolean) => void;
	foot?: ReactNode;
	empty?: ReactNode;
}

const HEAD_HEIGHT = 34;
const CARD_HEIGHT = 140;

const leastOf = ({ width }: { width: string }) => Number(/\d+/.exec(width)?.[0] ?? 0);

/** The width below which rows become cards: the least of each track, gaps and edges. */
function leastWidth(columns: { width: string }[]): number {
	return columns.reduce((sum, column) => sum + leastOf(column), 0) + (columns.length - 1) * 16 + 32;
}

/** How a table lies in the room it has: rows of columns, or, where these do not fit, a card for each row. @return it, the height of
 * its head, and what watches the element that scrolls, whose first child is the head */
function useFit(columns: { width: string }[]) {
	const least = leastWidth(columns);
	const [cards, setCards] = useState(false);
	const [head, setHead] = useState(HEAD_HEIGHT);
	const watch = useCallback(
		(box: HTMLElement | null) => {
			if (!box) return;
			const look = () => {
				setCards(box.clientWidth < least);
				setHead((box.firstElementChild as HTMLElement).offsetHeight);
			};
			const observer = new ResizeObserver(look);
			observer.observe(box);
			observer.observe(box.firstElementChild!);
			look();
			return () => observer.disconnect();
		},
		[least],
	);
	return { cards, head, watch };
}

/** A row's cells. What is empty is left out of a card; what is wide takes two of its columns. */
function Cells<T>({ row, columns, role }: { row: T; columns: Column<T>[]; role: "cell" | "gridcell" }) {
	const title = columns.find((column) => column.card === "title") ?? columns[0];
	return columns.map((column) => {
		const place = column === title ? " title" : column.card === "box" ? " box" : leastOf(column) > 120 ? " wide" : "";
		return (
			<div key={column.key} role={role} className={`table-cell${place}${column.end ? " end" : ""}`} data-head={column.head}>
				{column.cell(row)}
			</div>
		);
	});
}

const turned = (by: string) => (by.startsWith("-") ? by.slice(1) : `-${by}`);

/** A column's head. One that sorts is pressed for its order, again for the other way round, and once more for the list as it comes. */
function Head<T>({ column, sorting }: { column: Column<T>; sorting?: Sorting }) {
	const text = column.head || <span className="sr-only">{column.key}</span>;
	if (!column.sort || !sorting)
		return (
			<span role="columnheader" className={column.end ? "end" : undefined}>
				{text}
			</span>
		);
	const { by, onSort } = sorting;
	const first = column.sort;
	const is = by === first || by === turned(first);
	const next = by === first ? turned(first) : is ? "" : first;
	return (
		<span role="columnheader" className={column.end ? "end" : undefined} aria-sort={!is ? "none" : by.startsWith("-") ? "descending" : "ascending"}>
			<button type="button" className="sort" onClick={() => onSort(next)}>
				{text}
				{is && <Icon name={by.startsWith("-") ? "sortDown" : "sortUp"} size={12} />}
			</button>
		</span>
	);
}

/** A table of any length: only rows in sight exist. It never scrolls sideways: where its columns do not fit, rows are cards. One stop of the Tab key; arrows, j and k, Home and End move in it. */
export function Table<T>(props: TableProps<T>) {
	const { columns, rows, rowHeight = 40 } = props;
	const scroll = useRef<HTMLDivElement>(null);
	const { cards, head, watch } = useFit(columns);
	const box = useCallback(
		(element: HTMLDivElement | null) => {
			scroll.current = element;
			return watch(element);
		},
		[watch],
	);
	const [at, setAt] = useState(0);
	const [, navigate] = useLocation();
	const id = useId();
	const virtual = useVirtualizer({
		count: rows.length,
		getScrollElement: () => scroll.current,
		estimateSize: () => (cards ? CARD_HEIGHT : rowHeight),
		overscan: cards ? 6 : 12,
		scrollMargin: head,
		scrollPaddingStart: cards ? 0 : head,
	});
	// What was measured of cards does not hold for rows, nor at another width.
	const measure = useRef(virtual.measure);
	useEffect(() => measure.current(), [cards]);
	const items = virtual.getVirtualItems();
	const lastShown = items.at(-1)?.index ?? 0;
	const { nearEnd } = props;
	useEffect(() => {
		if (rows.length && lastShown >= rows.length - 20) nearEnd?.();
	}, [lastShown, rows.length, nearEnd]);

	const tracks = columns.map((column) => column.width).join(" ");
	const current = Math.min(at, rows.length - 1);
	const open = (row: T) => {
		const href = props.href?.(row);
		if (href) navigate(href);
		else props.onOpen?.(row);
	};
	const move = (to: number) => {
		const bounded = Math.max(0, Math.min(rows.length - 1, to));
		setAt(bounded);
		if (bounded === 0) virtual.scrollToOffset(0);
		else virtual.scrollToIndex(bounded);
	};
	const keys = (event: KeyboardEvent) => {
		if (event.target !== scroll.current || event.ctrlKey || event.metaKey || event.altKey) return;
		const height = virtual.getTotalSize() / Math.max(1, rows.length);
		const pageRows = Math.max(1, Math.floor((scroll.current?.clientHeight ?? 400) / height) - 2);
		const steps: Record<string, number> = {
			ArrowDown: current + 1,
			j: current + 1,
			ArrowUp: current - 1,
			k: current - 1,
			PageDown: current + pageRows,
			PageUp: current - pageRows,
			Home: 0,
			End: rows.length - 1,
		};
		if (event.key in steps) {
			event.preventDefault();
			move(steps[event.key]!);
			return;
		}
		const row = rows[current];
		if (row === undefined) return;
		if (event.key === "Enter") {
			event.preventDefault();
			open(row);
		} else props.onKey?.(event, row);
	};
	const opens = !!(props.href || props.onOpen);
	const lies: CSSProperties = cards ? {} : { gridTemplateColumns: tracks };

	return (
		<div className={rows.length === 0 ? "panel table fill bare" : "panel table fill"}>
			<div
				ref={box}
				className={cards ? "table-scroll cards" : "table-scroll"}
				role="grid"
				aria-label={props.label}
				aria-rowcount={rows.length + 1}
				aria-multiselectable={props.selected ? true : undefined}
				tabIndex={0}
				aria-activedescendant={rows.length ? `${id}-${current}` : undefined}
				onKeyDown={keys}
				onScroll={(event) => props.atTop?.(event.currentTarget.scrollTop < rowHeight)}
			>
				<div className="table-head" role="row" aria-rowindex={1} style={lies}>
					{columns.map((column) => (
						<Head key={column.key} column={column} sorting={props.sorting} />
					))}
				</div>
				<div role="rowgroup" style={{ height: virtual.getTotalSize(), position: "relative" }}>
					{items.map((item) => {
						const row = rows[item.index]!;
						const key = props.rowKey(row);
						return (
							<div
								key={key}
								id={`${id}-${item.index}`}
								role="row"
								ref={cards ? virtual.measureElement : undefined}
								data-index={item.index}
								aria-rowindex={item.index + 2}
								aria-selected={props.selected?.has(key)}
								className={`table-row${opens ? " opens" : ""}${item.index === current ? " at" : ""}`}
								style={{ ...lies, height: cards ? "auto" : rowHeight, transform: `translateY(${item.start - head}px)` }}
								onClick={(event) => {
									setAt(item.index);
									if (!(event.target as HTMLElement).closest("a, button, input")) open(row);
								}}
							>
								<Cells row={row} columns={columns} role="gridcell" />
							</div>
						);
					})}
				</div>
			</div>
			{rows.length === 0 && <div className="table-empty">{props.empty}</div>}
			{props.foot && rows.length > 0 && <div className="table-foot">{props.foot}</div>}
		</div>
	);
}

/** A table of one of the API's lists: pages come as the reader nears the end of what is there. */
export function ListTable<T>({ list, empty, ...rest }: Omit<TableProps<T>, "rows" | "nearEnd"> & { list: List<T>; empty: ReactNode }) {
	if (list.isError && list.rows.length === 0) return <Failed error={list.error} again={() => list.refetch()} />;
	if (list.isPending)
		return (
			<div className="panel table fill">
				<div className="body">
					<Skeleton lines={9} />
				</div>
			</div>
		);
	const nearEnd = () => {
		if (list.hasNextPage && !list.isFetchingNextPage && !list.isFetchNextPageError) list.fetchNextPage();
	};
	const foot = (
		<>
			<span className="num" role="status">
				{list.total != null ? t("table.of", { n: list.rows.length, total: list.total }) : list.hasNextPage ? t("table.more", { n: list.rows.length }) : t("table.all", { n: list.rows.length })}
			</span>
			{list.isFetchingNextPage && <span>{t("common.loading")}</span>}
			{list.isFetchNextPageError && (
				<Button look="plain" icon="refresh" onClick={() => list.fetchNextPage()}>
					{t("common.again")}
				</Button>
			)}
			{rest.foot}
		</>
	);
	return <Table {...rest} rows={list.rows} nearEnd={nearEnd} foot={foot} empty={empty} />;
}

/** A table of few rows, laid out as text. */
export function SmallTable<T>({ label, columns, rows, rowKey, empty }: Pick<TableProps<T>, "label" | "columns" | "rows" | "rowKey" | "empty">) {
	const { cards, watch } = useFit(columns);
	const lies: CSSProperties = cards ? {} : { gridTemplateColumns: columns.map((column) => column.width).join(" ") };
	if (rows.length === 0) return <>{empty}</>;
	return (
		<div className="table">
			<div ref={watch} className={cards ? "table-scroll cards" : "table-scroll"} role="table" aria-label={label} tabIndex={0}>
				<div role="rowgroup">
					<div className="table-head" role="row" style={lies}>
						{columns.map((column) => (
							<Head key={column.key} column={column} />
						))}
					</div>
				</div>
				<div role="rowgroup">
					{rows.map((row) => (
						<div key={rowKey(row)} role="row" className="table-row still" style={lies}>
							<Cells row={row} columns={columns} role="cell" />
						</div>
					))}
				</div>
			</div>
		</div>
	);
}
