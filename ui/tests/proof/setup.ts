// One demo for all of the proof: started once, named to each file, taken down at the end.
import { Demo } from "./demo";

export default async function setup(): Promise<() => Promise<void>> {
  const demo = await Demo.start();
  process.env.PODWALL_PAGE = demo.page;
  process.env.PODWALL_STATE = demo.state;
  return () => demo.stop();
}
