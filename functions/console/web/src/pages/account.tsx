// Pages for whoever is not signed in: asking for a link, and choosing a password by one.
import { Alert, Box, Button, Link, TextField, Typography } from "@mui/material";
import { type FormEvent, type ReactNode, useState } from "react";
import { Link as To, useLocation } from "react-router-dom";
import { api, take } from "../api/client";
import { ApiError, sayError } from "../api/problem";
import { useT, useTranslate } from "../providers/i18n";
import { useTitle } from "../ui/title";

/** The shortest password the API takes. */
const SHORTEST = 12;

function Frame({ title, hint, children }: { title: string; hint: string; children: ReactNode }) {
    useTitle(title);
    return (
        <Box component="main" sx={{ minHeight: "100dvh", display: "grid", justifyItems: "center", alignItems: "center", p: 2 }}>
            <Box sx={{ width: "100%", maxWidth: 360, display: "grid", gap: 2 }}>
                <Typography variant="h1">{title}</Typography>
                <Typography color="text.secondary">{hint}</Typography>
                {children}
            </Box>
        </Box>
    );
}

function BackToSignIn() {
    const t = useT();
    return (
        <Link component={To} to="/login">
            {t("account.back")}
        </Link>
    );
}

/** What went wrong, in words for this page. */
function useProblem() {
    const t = useT();
    const translate = useTranslate();
    return (error: unknown) => {
        if (error instanceof ApiError && error.status === 429) return t("account.wait");
        const code = error instanceof ApiError ? error.problem.errors?.[0] : undefined;
        if (code?.pointer === "/token") return t("account.usedUp");
        if (code?.pointer === "/password") return code.code === "too_short" ? t("account.tooShort", { count: SHORTEST }) : t("account.tooEasy");
        return sayError(error, translate);
    };
}

export function ForgotPassword() {
    const t = useT();
    const say = useProblem();
    const [email, setEmail] = useState("");
    const [state, setState] = useState<"asking" | "busy" | "asked">("asking");
    const [problem, setProblem] = useState<string | null>(null);
    async function submit(event: FormEvent) {
        event.preventDefault();
        if (!email.trim()) return setProblem(t("account.emailMissing"));
        setProblem(null);
        setState("busy");
        try {
            await take(api.POST("/api/v1/auth/forgot", { body: { email: email.trim() } }));
            setState("asked");
        } catch (error) {
            setState("asking");
            setProblem(error instanceof ApiError && error.status === 404 ? t("account.noMails") : say(error));
        }
    }
    return (
        <Frame title={t("account.forgot")} hint={t("account.forgotHint")}>
            {state === "asked" ? (
                <Alert severity="success" role="status" variant="outlined">
                    {t("account.asked", { email: email.trim() })}
                </Alert>
            ) : (
                <Box component="form" noValidate onSubmit={submit} sx={{ display: "grid", gap: 1.75 }}>
                    {problem && (
                        <Alert severity="error" role="alert" variant="outlined">
                            {problem}
                        </Alert>
                    )}
                    <TextField autoFocus label={t("signIn.email")} type="email" name="email" autoComplete="username" value={email} onChange={(event) => setEmail(event.target.value)} error={problem !== null} required fullWidth />
                    <Button type="submit" variant="contained" disabled={state === "busy"}>
                        {t("account.ask")}
                    </Button>
                </Box>
            )}
            <BackToSignIn />
        </Frame>
    );
}

function SetPassword({ path, title, hint }: { path: "/api/v1/auth/reset" | "/api/v1/auth/accept-invite"; title: string; hint: string }) {
    const t = useT();
    const say = useProblem();
    // Behind the hash, where no server sees it.
    const token = useLocation().hash.slice(1);
    const [password, setPassword] = useState("");
    const [shown, setShown] = useState(false);
    const [state, setState] = useState<"choosing" | "busy" | "done">("choosing");
    const [problem, setProblem] = useState<string | null>(token ? null : t("account.usedUp"));
    async function submit(event: FormEvent) {
        event.preventDefault();
        if ([...password].length < SHORTEST) return setProblem(t("account.tooShort", { count: SHORTEST }));
        setProblem(null);
        setState("busy");
        try {
            await take(api.POST(path, { body: { token, password } }));
            setState("done");
        } catch (error) {
            setState("choosing");
            setProblem(say(error));
        }
    }
    return (
        <Frame title={title} hint={hint}>
            {state === "done" ? (
                <Alert severity="success" role="status" variant="outlined">
                    {t("account.done")}
                </Alert>
            ) : (
                <Box component="form" noValidate onSubmit={submit} sx={{ display: "grid", gap: 1.75 }}>
                    {problem && (
                        <Alert severity="error" role="alert" variant="outlined">
                            {problem}
                        </Alert>
                    )}
                    <TextField autoFocus label={t("account.newPassword")} type={shown ? "text" : "password"} name="new-password" autoComplete="new-password" helperText={t("account.rule", { count: SHORTEST })} value={password} onChange={(event) => setPassword(event.target.value)} error={problem !== null} required fullWidth />
                    <Button aria-pressed={shown} onClick={() => setShown(!shown)} sx={{ justifySelf: "start" }}>
                        {shown ? t("account.hide") : t("account.show")}
                    </Button>
                    <Button type="submit" variant="contained" disabled={state === "busy" || !token}>
                        {t("account.set")}
                    </Button>
                </Box>
            )}
            <BackToSignIn />
        </Frame>
    );
}

export function ResetPassword() {
    const t = useT();
    return <SetPassword path="/api/v1/auth/reset" title={t("account.reset")} hint={t("account.resetHint")} />;
}

export function AcceptInvite() {
    const t = useT();
    return <SetPassword path="/api/v1/auth/accept-invite" title={t("account.invited")} hint={t("account.invitedHint")} />;
}
