/** The console's page, for the parties that serve it. */
import { readyPage } from "#web/host/ready-page.ts";

/** Read or built once, when the first browser asks for it. */
export function consolePage(): () => ReturnType<typeof readyPage> {
  let built: ReturnType<typeof readyPage> | undefined;
  return () => {
    built ??= readyPage("console");
    return built;
  };
}
