import { Component, type ReactNode } from "react";
import { t } from "../i18n/index.ts";
import { Button } from "../kit/controls.tsx";
import { Empty } from "../kit/states.tsx";

/** A page that breaks leaves the others standing. */
export class Boundary extends Component<{ place: string; children: ReactNode }, { error: Error | null; place: string }> {
	override state = { error: null as Error | null, place: this.props.place };

	static getDerivedStateFromError(error: Error) {
		return { error };
	}

	static getDerivedStateFromProps(props: { place: string }, state: { place: string }) {
		return props.place === state.place ? null : { error: null, place: props.place };
	}

	override render() {
		if (!this.state.error) return this.props.children;
		return (
			<div className="page" role="alert">
				<Empty title={t("error.broken")} text={<code>{this.state.error.message}</code>} icon="warning">
					<Button icon="refresh" onClick={() => location.reload()}>
						{t("common.reload")}
					</Button>
				</Empty>
			</div>
		);
	}
}
