import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queries } from "./api/queries.ts";
import { preferredLanguage } from "./app/preferences.ts";
import { WithSession, useSession } from "./app/session.tsx";
import { FirstPassword, SignIn } from "./app/signin.tsx";
import { Shell } from "./frame/shell.tsx";
import { loadLanguage } from "./i18n/index.ts";
import { Failed } from "./kit/states.tsx";
import "./kit/base.css";
import "./kit/kit.css";
import "./frame/frame.css";

function Inside() {
	const { mustChangePassword } = useSession();
	return mustChangePassword ? <FirstPassword /> : <Shell />;
}

await loadLanguage(preferredLanguage());
createRoot(document.getElementById("root")!).render(
	<StrictMode>
		<QueryClientProvider client={queries}>
			<WithSession waiting={null} failed={(error, again) => <Failed error={error} again={again} />} signedOut={(ended) => <SignIn ended={ended} />}>
				<Inside />
			</WithSession>
		</QueryClientProvider>
	</StrictMode>,
);
