/** What `service.cjs` uses of compose, which has no types of its own (1.9.2). */
declare module '@osls/compose/components/framework' {
  class ServerlessFramework {
    protected context: { writeText(text: string): void };
    /** Runs a command of the framework in the folder of the service. What it printed is the result. */
    exec(
      command: string,
      commandArguments: string[],
      streamsOutput?: boolean,
      onOutput?: (text: string) => void,
    ): Promise<{ stdout: string; stderr: string }>;
  }
  export = ServerlessFramework;
}
