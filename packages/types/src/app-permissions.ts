/**
 * The permissions that an app may ask for on a device, as Mosis knows them: what each allows, and whether a
 * person should think twice. A version may name others; devices that know them decide.
 */
export const appPermissions = {
  audio_playback: { dangerous: false, allows: "Play sound while another app is in front." },
  bluetooth: { dangerous: false, allows: "Talk to paired Bluetooth devices." },
  calendar_read: { dangerous: true, allows: "Read all entries of the calendar." },
  calendar_write: { dangerous: true, allows: "Add, change and delete entries of the calendar." },
  camera: { dangerous: true, allows: "Take pictures and videos at any time." },
  clipboard_read: { dangerous: true, allows: "Read what was copied in other apps." },
  contacts_read: { dangerous: true, allows: "Read names, numbers and addresses of all contacts." },
  contacts_write: { dangerous: true, allows: "Add, change and delete contacts." },
  files_read: { dangerous: true, allows: "Read files that other apps have made." },
  files_write: { dangerous: true, allows: "Change and delete files that other apps have made." },
  install_apps: { dangerous: true, allows: "Install other apps." },
  location_background: { dangerous: true, allows: "Know where the device is, also while the app is closed." },
  location_coarse: { dangerous: true, allows: "Know the neighbourhood of the device while the app is open." },
  location_precise: { dangerous: true, allows: "Know exactly where the device is while the app is open." },
  microphone: { dangerous: true, allows: "Record sound at any time." },
  network: { dangerous: false, allows: "Send and receive data over the internet." },
  network_local: { dangerous: true, allows: "Find and reach other devices in the same network." },
  nfc: { dangerous: false, allows: "Read and write NFC tags." },
  notifications: { dangerous: false, allows: "Show notifications." },
  overlay: { dangerous: true, allows: "Draw over other apps." },
  phone_calls: { dangerous: true, allows: "Make calls, which may cost money." },
  run_at_start: { dangerous: false, allows: "Run when the device has started." },
  sensors_body: { dangerous: true, allows: "Read heart rate and other sensors on the body." },
  sensors_motion: { dangerous: false, allows: "Read movement and steps." },
  sms_read: { dangerous: true, allows: "Read text messages, among them codes for signing in." },
  sms_send: { dangerous: true, allows: "Send text messages, which may cost money." },
  storage: { dangerous: false, allows: "Keep files of its own." },
  vibration: { dangerous: false, allows: "Let the device vibrate." },
} as const satisfies Record<string, { dangerous: boolean; allows: string }>;
