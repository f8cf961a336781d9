import { mayReplace } from '../../store/open.ts'
import { type Layer, type Ranked, type Settings, settingsFor } from '../settings.ts'
import { HOST_FILES } from './layers.ts'
import { standingSettings } from './standing-settings.ts'

/**
 * What holds for the settings that have no option. Some of them decide for everybody on the host (when history is forgotten,
 * when others' idle reservations end): those are taken from the host's file, and from elsewhere only where the user could
 * replace the pool as well. So nobody's own file or variable takes something from others.
 *
 * @param putAside is told what does not hold
 */
export function standingSettingsFor(
  layers: readonly Layer[],
  storeUrl: () => string,
  putAside: (setting: Ranked) => void = () => {},
): Settings {
  const settings = settingsFor(standingSettings, null, layers)
  const hostSettings = settingsFor(standingSettings, null, layers.map(ofHost))
  return key => {
    const setting = settings(key)
    if (!setting || isOfHost(setting) || !isHostWide(key) || mayReplace(storeUrl())) return setting
    putAside(setting)
    return hostSettings(key)
  }
}

function ofHost(layer: Layer): Layer {
  return (key, command) => {
    const setting = layer(key, command)
    return setting && isOfHost(setting) ? setting : undefined
  }
}

function isOfHost({ file }: { readonly file?: string }): boolean {
  return file !== undefined && HOST_FILES.includes(file)
}

function isHostWide(key: string): boolean {
  return Boolean(standingSettings[key as keyof typeof standingSettings].hostWide)
}
